// Byte strings → ids, for vocabularies: one arena and one open hash table, since a quarter of a million small
// strings on the heap would take longer to build than the file takes to read.
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

  // False, and no change, when the piece is there already.
  bool insert(std::string_view piece, TokenId id);
  // -1 when there is none.
  TokenId find(std::string_view piece) const { return find(piece, hash_of(piece)); }
  // For many at once: the first look into a table of megabytes waits for memory, unless it was asked for.
  static uint32_t hash_of(std::string_view piece);
  void prefetch(uint32_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(slots_.data() + (hash & (slots_.size() - 1)));
  }
  TokenId find(std::string_view piece, uint32_t hash) const;
  // The same for pieces that come mostly in the order of insertion: looks behind the one found before first,
  // which `entry` remembers, 0 at first.
  TokenId find_in_order(std::string_view piece, size_t& entry) const;

  int64_t size() const { return static_cast<int64_t>(entries_.size()); }
  int64_t longest() const { return longest_; }

 private:
  struct Entry {
    uint32_t begin;  // in arena_
    uint32_t length;
    TokenId id;
  };
  struct Slot {
    uint32_t hash;
    int32_t entry;  // index into entries_, -1 where free
  };
  void grow(int64_t slots);
  bool holds(size_t entry, std::string_view piece) const;
  // The slot that holds the piece, or the free one where it belongs.
  size_t slot_of(std::string_view piece, uint32_t hash) const;

  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  int64_t longest_ = 0;
};

}  // namespace shoal
