// The core of byte-pair encoding: neighbours are joined, lowest rank first and the leftmost of equal ranks,
// until no pair has a rank. Short pieces are scanned and long ones use a queue, so that the time stays near
// proportional to a piece's length.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "tokens/merge_queue.h"
#include "tokens/tokenizer.h"

namespace shoal {

struct BpeSymbol {
  int32_t begin;  // bytes [begin, end) of the piece
  int32_t end;
  TokenId id;  // -1: characters that are no token yet
};

struct BpeMerge {
  int32_t rank;
  TokenId id;  // of the joined symbol
};
inline constexpr int32_t no_merge = std::numeric_limits<int32_t>::max();

// `find(left, right)` gives the merge of two neighbours, with rank no_merge when there is none. Keeps its
// working memory between calls, so one thread at a time.
class BpeMerger {
 public:
  template <class Find>
  void merge(std::vector<BpeSymbol>& symbols, const Find& find) {
    constexpr size_t scanned = 32;
    if (symbols.size() <= scanned) {
      merge_by_scanning(symbols, find);
    } else {
      merge_by_queue(symbols, find);
    }
  }

 private:
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
      if (merges_[best].rank == no_merge) break;
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
  void merge_by_queue(std::vector<BpeSymbol>& symbols, const Find& find) {
    const auto count = static_cast<int32_t>(symbols.size());
    links_.resize(symbols.size());
    const auto offer = [&](int32_t left, int32_t right) {
      const BpeMerge merge = find(symbols[left], symbols[right]);
      if (merge.rank != no_merge) queue_.push(merge.rank, {left, symbols[right].end, merge.id});
    };
    for (int32_t i = 0; i < count; ++i) links_[i] = {i - 1, i + 1 < count ? i + 1 : -1};
    for (int32_t i = 0; i + 1 < count; ++i) offer(i, i + 1);
    while (!queue_.empty()) {
      const MergeCandidate best = queue_.pop();
      // A symbol that was joined to its left neighbour has become empty; see below.
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
        offer(best.left, next);
      }
      const int32_t previous = links_[best.left].previous;
      if (previous >= 0) offer(previous, best.left);
    }
    queue_.clear();
    std::erase_if(symbols, [](const BpeSymbol& symbol) { return symbol.end <= symbol.begin; });
  }

  std::vector<BpeMerge> merges_;
  std::vector<Links> links_;
  MergeQueue queue_;
};

}  // namespace shoal
