// The keys and values of the sequences of a shard, in pages of kv_page_tokens tokens. A page holds all layers
// of the shard and belongs to one slot. All memory is taken at once and touched only when a page is first
// used.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "tensor/buffer.h"

namespace shoal {

// What a slot's sequence becomes: the KV from `keep_length` on is dropped, then `row_count` tokens are added.
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
    int64_t token_limit;  // of one slot
  };
  // resource_exhausted when the system has no such memory.
  static Result<KvPages> create(const Settings& settings);

  // Releases, then changes: all of the changes or none. invalid_argument for a slot out of range or named
  // twice, a keep length beyond what the slot holds, or more tokens than the limit; resource_exhausted when
  // pages run out. The releases have happened in any case but that of a released slot out of range.
  Result<void> apply(std::span<const int32_t> released_slots, std::span<const KvChange> changes);

  int64_t length(int32_t slot) const { return slots_[static_cast<size_t>(slot)].length; }
  // By position / kv_page_tokens. Stays where it is for the life of this object.
  std::byte* const* pages(int32_t slot) const { return slots_[static_cast<size_t>(slot)].pages.data(); }

  int64_t page_capacity() const { return settings_.page_capacity; }
  int64_t free_page_count() const { return std::ssize(free_pages_); }

 private:
  struct Slot {
    std::vector<std::byte*> pages;
    int64_t length = 0;
    uint64_t named_in = 0;  // the number of the last apply() that named it
  };

  explicit KvPages(const Settings& settings) : settings_(settings) {}
  Result<void> check(std::span<const KvChange> changes);
  void release(Slot& slot, int64_t kept_pages);
  bool has_slot(int32_t slot) const { return slot >= 0 && slot < settings_.slot_limit; }

  Settings settings_;
  Buffer memory_;
  std::vector<std::byte*> free_pages_;  // the next one is the last
  std::vector<Slot> slots_;
  uint64_t apply_count_ = 0;
};

}  // namespace shoal
