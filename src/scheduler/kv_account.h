// The head's account of slots and KV pages: what the stages will hold once all steps sent so far are done.
// Pure.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "ring/ring.h"

namespace shoal {

class KvAccount {
 public:
  explicit KvAccount(const RingLimits& limits);

  int64_t pages_of(int64_t length) const { return (length + page_tokens_ - 1) / page_tokens_; }
  int64_t free_pages() const { return free_pages_; }
  int64_t used_pages() const { return page_capacity_ - free_pages_; }
  bool has_free_slot() const { return !free_slots_.empty(); }

  // Takes a free slot with `pages` pages. A slot and that many pages must be free.
  int32_t take_slot(int64_t pages);
  void take_pages(int64_t pages);

  // Gives a slot and its pages back. The pages are free at once, because every step releases before it does
  // anything else. The slot is free again when the step that releases it has been made, or at once when no
  // rows of it were sent.
  enum class Sent : uint8_t { nothing, rows };
  void release(int32_t slot, int64_t pages, Sent sent);
  bool has_releases() const { return !releases_.empty(); }
  // The slots that the step being made is to release. Call this after everything that takes slots for that
  // step.
  std::vector<int32_t> take_releases();

 private:
  int64_t page_tokens_;
  int64_t page_capacity_;
  int64_t free_pages_;
  std::set<int32_t> free_slots_;
  std::vector<int32_t> releases_;
};

}  // namespace shoal
