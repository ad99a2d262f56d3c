// Byte strings → ids, for vocabularies. One arena and one open hash table, since building a quarter of a
// million small strings on the heap would take longer than reading the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokens/tokenizer.h"

namespace shoal {

class PieceMap {
 public:
  void reserve(int64_t count, int64_t bytes);

  // False, without a change, when the piece is there already.
  bool insert(std::string_view piece, TokenId id);
  // -1 when the piece is not there.
  TokenId find(std::string_view piece) const { return find(piece, hash_of(piece)); }
  // For many look-ups: prefetch all of their hashes first, since each look into a table of megabytes waits
  // for memory.
  static uint32_t hash_of(std::string_view piece);
  void prefetch(uint32_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(slots_.data() + (hash & (slots_.size() - 1)));
  }
  TokenId find(std::string_view piece, uint32_t hash) const;
  // As find(), faster for pieces that come mostly in the order of insertion: first tries the one after the
  // last found, which `entry` remembers. `entry` starts as 0.
  TokenId find_in_order(std::string_view piece, size_t& entry) const;

  int64_t size() const { return static_cast<int64_t>(entries_.size()); }
  int64_t longest() const { return longest_; }

 private:
  struct Entry {
    uint32_t begin;  // index into arena_
    uint32_t length;
    TokenId id;
  };
  struct Slot {
    uint32_t hash;
    int32_t entry;  // index into entries_; -1: free
  };
  void grow(int64_t slots);
  bool holds(size_t entry, std::string_view piece) const;
  // The slot that holds the piece, or the free slot where it belongs.
  size_t slot_of(std::string_view piece, uint32_t hash) const;

  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  int64_t longest_ = 0;
};

}  // namespace shoal
