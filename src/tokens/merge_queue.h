// Candidates for merging, lowest rank first and the leftmost of equal ranks. A long text has many candidates
// of few ranks, pushed mostly from left to right, so each rank has a queue of its own: a run of ten million
// equal letters costs a few steps for each, where one heap would jump through all of its memory.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "tokens/tokenizer.h"

namespace shoal {

struct MergeCandidate {
  int32_t left;  // index of the left symbol
  int32_t end;  // end of the right symbol when the pair was found; if it has changed, the candidate is out of
                // date
  TokenId id;   // id of the joined symbol
};

class MergeQueue {
 public:
  bool empty() const { return ranks_.empty(); }

  void push(int32_t rank, const MergeCandidate& candidate) {
    const int32_t index = find_or_add(rank);
    Bucket& bucket = buckets_[static_cast<size_t>(index)];
    if (bucket.empty()) {
      ranks_.emplace_back(rank, index);
      std::ranges::push_heap(ranks_, std::greater());
    }
    if (bucket.in_order.empty() || bucket.in_order.back().left <= candidate.left) {
      bucket.in_order.push_back(candidate);
    } else {
      bucket.late.push_back(candidate);
      std::ranges::push_heap(bucket.late, is_right_of);
    }
  }

  MergeCandidate pop() {
    Bucket& bucket = buckets_[static_cast<size_t>(ranks_.front().second)];
    const bool takes_late =
        bucket.next == bucket.in_order.size() ||
        (!bucket.late.empty() && bucket.late.front().left < bucket.in_order[bucket.next].left);
    MergeCandidate best;
    if (takes_late) {
      std::ranges::pop_heap(bucket.late, is_right_of);
      best = bucket.late.back();
      bucket.late.pop_back();
    } else {
      best = bucket.in_order[bucket.next++];
    }
    if (bucket.empty()) {
      bucket.in_order.clear();
      bucket.next = 0;
      std::ranges::pop_heap(ranks_, std::greater());
      ranks_.pop_back();
    }
    return best;
  }

  // Prepares for the next text. Gives back the memory that a long one took.
  void clear() {
    constexpr size_t kept = 4096;
    if (slots_.size() > kept || used_ > kept) {
      *this = MergeQueue();
      return;
    }
    std::ranges::fill(slots_, -1);
    for (size_t i = 0; i < used_; ++i) buckets_[i].clear();
    used_ = 0;
    ranks_.clear();
  }

 private:
  struct Bucket {
    int32_t rank = 0;
    size_t next = 0;  // index into in_order
    std::vector<MergeCandidate> in_order;
    std::vector<MergeCandidate> late;  // a heap of the candidates that came out of order

    bool empty() const { return next == in_order.size() && late.empty(); }
    void clear() {
      next = 0;
      in_order.clear();
      late.clear();
    }
  };
  static bool is_right_of(const MergeCandidate& a, const MergeCandidate& b) { return a.left > b.left; }

  int32_t find_or_add(int32_t rank) {
    if (2 * (used_ + 1) > slots_.size()) grow();
    const size_t slot = slot_of(rank);
    if (slots_[slot] < 0) {
      slots_[slot] = static_cast<int32_t>(used_);
      if (used_ == buckets_.size()) buckets_.emplace_back();
      buckets_[used_++].rank = rank;
    }
    return slots_[slot];
  }
  size_t slot_of(int32_t rank) const {
    size_t slot = (static_cast<uint32_t>(rank) * 0x9E3779B1u) >> 7 & (slots_.size() - 1);
    while (slots_[slot] >= 0 && buckets_[static_cast<size_t>(slots_[slot])].rank != rank) {
      slot = (slot + 1) & (slots_.size() - 1);
    }
    return slot;
  }
  void grow() {
    slots_.assign(std::max<size_t>(2 * slots_.size(), 64), -1);
    for (size_t i = 0; i < used_; ++i) slots_[slot_of(buckets_[i].rank)] = static_cast<int32_t>(i);
  }

  std::vector<Bucket> buckets_;  // the first used_ are in use
  size_t used_ = 0;
  std::vector<int32_t> slots_;  // rank → index into buckets_; -1: free
  std::vector<std::pair<int32_t, int32_t>>
      ranks_;  // a heap of the ranks that have candidates, with their buckets
};

}  // namespace shoal
