// The keys and values of a shard's sequences, in pages of kv_page_tokens tokens. A page holds all layers of
// the shard and belongs to one slot. All memory is reserved at once, but touched only when a page is first
// used. One thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "tensor/buffer.h"

namespace shoal {

// The change of a slot's sequence: its tokens from `keep_length` on are dropped, then `row_count` are added.
struct KvChange {
  int32_t slot;
  int64_t keep_length;
  int64_t row_count;
};

class KvPages {
 public:
  struct Settings {
    int64_t page_bytes;
    int64_t page_capacity;
    int64_t slot_limit;
    int64_t token_limit;  // the most tokens of one slot
  };
  // resource_exhausted when the system has no such memory.
  static Result<KvPages> create(const Settings& settings);

  // First releases, then makes all of the changes or none. invalid_argument for a slot out of range or named
  // twice, a keep length beyond what the slot holds, or more tokens than the limit; resource_exhausted when
  // pages run out. After an error the releases have still been made, unless a released slot is out of range.
  Result<void> apply(std::span<const int32_t> released_slots, std::span<const KvChange> changes);

  // Tokens that the slot holds.
  int64_t length(int32_t slot) const { return slots_[static_cast<size_t>(slot)].length; }
  // The slot's pages, indexed by position / kv_page_tokens. The array keeps its address for the life of this
  // object.
  std::byte* const* pages(int32_t slot) const { return slots_[static_cast<size_t>(slot)].pages.data(); }

  int64_t page_capacity() const { return settings_.page_capacity; }
  int64_t free_page_count() const { return std::ssize(free_pages_); }

 private:
  struct Slot {
    std::vector<std::byte*> pages;
    int64_t length = 0;
    uint64_t named_in = 0;  // number of the last apply() that named the slot
  };

  explicit KvPages(const Settings& settings) : settings_(settings) {}
  Result<void> check(std::span<const KvChange> changes);
  void release(Slot& slot, int64_t kept_pages);
  bool has_slot(int32_t slot) const { return slot >= 0 && slot < settings_.slot_limit; }

  Settings settings_;
  Buffer memory_;
  std::vector<std::byte*> free_pages_;  // the next page to use is the last
  std::vector<Slot> slots_;
  uint64_t apply_count_ = 0;
};

}  // namespace shoal
