#include "model/kv_pages.h"

#include <fmt/format.h>

#include "kernels/kernels.h"

namespace shoal {
namespace {

int64_t pages_for(int64_t tokens) { return (tokens + kv_page_tokens - 1) / kv_page_tokens; }

}  // namespace

Result<KvPages> KvPages::create(const Settings& settings) {
  KvPages result(settings);
  auto memory = Buffer::allocate(settings.page_bytes * settings.page_capacity);
  if (!memory) return fail(memory.error(), "KV pages");
  result.memory_ = std::move(*memory);
  for (int64_t i = settings.page_capacity; i-- > 0;) {
    result.free_pages_.push_back(result.memory_.data() + i * settings.page_bytes);
  }
  result.slots_.resize(static_cast<size_t>(settings.slot_limit));
  for (Slot& slot : result.slots_) slot.pages.reserve(static_cast<size_t>(pages_for(settings.token_limit)));
  return result;
}

Result<void> KvPages::apply(std::span<const int32_t> released_slots, std::span<const KvChange> changes) {
  for (const int32_t slot : released_slots) {
    if (!has_slot(slot)) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("slot {} is released, there are {}", slot, settings_.slot_limit));
    }
  }
  for (const int32_t slot : released_slots) {
    Slot& released = slots_[static_cast<size_t>(slot)];
    release(released, 0);
    released.length = 0;
  }
  if (auto checked = check(changes); !checked) return checked;

  // Gives back pages for all changes before any takes some.
  for (const KvChange& change : changes) {
    release(slots_[static_cast<size_t>(change.slot)], pages_for(change.keep_length));
  }
  for (const KvChange& change : changes) {
    Slot& slot = slots_[static_cast<size_t>(change.slot)];
    slot.length = change.keep_length + change.row_count;
    while (std::ssize(slot.pages) < pages_for(slot.length)) {
      slot.pages.push_back(free_pages_.back());
      free_pages_.pop_back();
    }
  }
  return {};
}

Result<void> KvPages::check(std::span<const KvChange> changes) {
  ++apply_count_;
  int64_t pages_needed = 0;
  for (const KvChange& change : changes) {
    if (!has_slot(change.slot)) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("slot {} is named, there are {}", change.slot, settings_.slot_limit));
    }
    Slot& slot = slots_[static_cast<size_t>(change.slot)];
    if (slot.named_in == apply_count_) {
      return fail(ErrorCode::invalid_argument, fmt::format("slot {} is named twice", change.slot));
    }
    slot.named_in = apply_count_;
    if (change.keep_length < 0 || change.keep_length > slot.length) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("slot {} holds {} tokens, {} of them are to be kept", change.slot, slot.length,
                              change.keep_length));
    }
    if (change.row_count < 0 || change.row_count > settings_.token_limit - change.keep_length) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("slot {} would hold {} + {} tokens, the limit is {}", change.slot,
                              change.keep_length, change.row_count, settings_.token_limit));
    }
    pages_needed += pages_for(change.keep_length + change.row_count) - std::ssize(slot.pages);
  }
  if (pages_needed > free_page_count()) {
    return fail(ErrorCode::resource_exhausted,
                fmt::format("the step needs {} more KV pages, {} of {} are free", pages_needed,
                            free_page_count(), settings_.page_capacity));
  }
  return {};
}

void KvPages::release(Slot& slot, int64_t kept_pages) {
  while (std::ssize(slot.pages) > kept_pages) {
    free_pages_.push_back(slot.pages.back());
    slot.pages.pop_back();
  }
}

}  // namespace shoal
