// The heart of byte-pair encoding: neighbours are joined, lowest rank first and of equal ranks the leftmost,
// until no pair has a rank. Short pieces by scanning, long ones with a heap, so that no input is slower than
// n log n.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "text/tokenizer.h"

namespace shoal {

struct BpeSymbol {
  int32_t begin;  // bytes of the piece
  int32_t end;
  TokenId id;  // -1: characters that are no token yet
};

struct BpeMerge {
  int32_t rank;
  TokenId id;  // of the joined symbol
};
inline constexpr int32_t kNoMerge = std::numeric_limits<int32_t>::max();

// `find(left, right)` gives the merge of two neighbours, of rank kNoMerge where there is none. The working
// memory is kept between calls; one owner.
class BpeMerger {
 public:
  template <class Find>
  void merge(std::vector<BpeSymbol>& symbols, const Find& find) {
    constexpr size_t kScanned = 32;
    if (symbols.size() <= kScanned) {
      merge_by_scanning(symbols, find);
    } else {
      merge_by_heap(symbols, find);
    }
  }

 private:
  struct Candidate {
    int32_t rank;
    int32_t left;  // index of the left symbol
    int32_t end;   // of the right symbol when this was found; another end means that it is out of date
    TokenId id;

    bool operator<(const Candidate& other) const {  // for a heap with the best on top
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  struct Links {
    int32_t previous;
    int32_t next;
  };

  template <class Find>
  void merge_by_scanning(std::vector<BpeSymbol>& symbols, const Find& find) {
    size_t count = symbols.size();
    if (count < 2) return;
    merges_.resize(count);
    for (size_t i = 0; i + 1 < count; ++i) merges_[i] = find(symbols[i], symbols[i + 1]);
    while (count > 1) {
      size_t best = 0;
      for (size_t i = 1; i + 1 < count; ++i) {
        if (merges_[i].rank < merges_[best].rank) best = i;
      }
      if (merges_[best].rank == kNoMerge) break;
      symbols[best].end = symbols[best + 1].end;
      symbols[best].id = merges_[best].id;
      for (size_t i = best + 1; i + 1 < count; ++i) {
        symbols[i] = symbols[i + 1];
        merges_[i] = merges_[i + 1];
      }
      --count;
      if (best > 0) merges_[best - 1] = find(symbols[best - 1], symbols[best]);
      if (best + 1 < count) merges_[best] = find(symbols[best], symbols[best + 1]);
    }
    symbols.resize(count);
  }

  template <class Find>
  void merge_by_heap(std::vector<BpeSymbol>& symbols, const Find& find) {
    const auto count = static_cast<int32_t>(symbols.size());
    links_.resize(symbols.size());
    heap_.clear();
    const auto offer = [&](int32_t left, int32_t right) {
      const BpeMerge merge = find(symbols[left], symbols[right]);
      if (merge.rank != kNoMerge) heap_.push_back({merge.rank, left, symbols[right].end, merge.id});
      return merge.rank != kNoMerge;
    };
    for (int32_t i = 0; i < count; ++i) links_[i] = {i - 1, i + 1 < count ? i + 1 : -1};
    for (int32_t i = 0; i + 1 < count; ++i) offer(i, i + 1);
    std::make_heap(heap_.begin(), heap_.end());
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end());
      const Candidate best = heap_.back();
      heap_.pop_back();
      // A symbol that was joined to its left has an end before its begin; see below.
      if (symbols[best.left].end <= symbols[best.left].begin) continue;
      const int32_t right = links_[best.left].next;
      if (right < 0 || symbols[right].end != best.end) continue;
      symbols[best.left].end = best.end;
      symbols[best.left].id = best.id;
      symbols[right].end = symbols[right].begin;
      const int32_t next = links_[right].next;
      links_[best.left].next = next;
      if (next >= 0) {
        links_[next].previous = best.left;
        if (offer(best.left, next)) std::push_heap(heap_.begin(), heap_.end());
      }
      const int32_t previous = links_[best.left].previous;
      if (previous >= 0 && offer(previous, best.left)) std::push_heap(heap_.begin(), heap_.end());
    }
    std::erase_if(symbols, [](const BpeSymbol& symbol) { return symbol.end <= symbol.begin; });
  }

  std::vector<BpeMerge> merges_;
  std::vector<Links> links_;
  std::vector<Candidate> heap_;
};

}  // namespace shoal
