#include "scheduler/kv_account.h"

#include <utility>

#include "base/check.h"

namespace shoal {

KvAccount::KvAccount(const RingLimits& limits)
    : page_tokens_(limits.page_tokens),
      page_capacity_(limits.page_capacity),
      free_pages_(limits.page_capacity) {
  CHECK(page_tokens_ > 0);
  for (int32_t slot = 0; slot < limits.slot_limit; ++slot) free_slots_.insert(slot);
}

int32_t KvAccount::take_slot(int64_t pages) {
  CHECK(has_free_slot());
  take_pages(pages);
  return free_slots_.extract(free_slots_.begin()).value();
}

void KvAccount::take_pages(int64_t pages) {
  CHECK(pages <= free_pages_);
  free_pages_ -= pages;
}

void KvAccount::release(int32_t slot, int64_t pages, Sent sent) {
  free_pages_ += pages;
  CHECK(free_pages_ <= page_capacity_);
  switch (sent) {
    case Sent::nothing: free_slots_.insert(slot); break;
    case Sent::rows: releases_.push_back(slot); break;
  }
}

std::vector<int32_t> KvAccount::take_releases() {
  free_slots_.insert(releases_.begin(), releases_.end());
  return std::exchange(releases_, {});
}

}  // namespace shoal
