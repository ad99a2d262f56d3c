#include "base/work_phases.h"

#include "base/check.h"
#include "base/spin_wait.h"

namespace shoal {

WorkPhases::WorkPhases(int64_t phase_limit, int64_t member_count)
    : phase_limit_(phase_limit),
      ranges_per_member_(member_count == 1 ? 1 : 4),
      range_count_(member_count * ranges_per_member_),
      spin_rounds_(spin_rounds(member_count)),
      claimed_(static_cast<size_t>(phase_limit * range_count_)),
      done_(static_cast<size_t>(phase_limit)) {}

void WorkPhases::reset() {
  for (auto& flag : claimed_) flag.store(0, std::memory_order_relaxed);
  for (auto& count : done_) count.store(0, std::memory_order_relaxed);
}

void WorkPhases::run(int64_t phase, int64_t member, FunctionRef<void(int64_t range)> work) {
  CHECK(phase < phase_limit_);
  if (range_count_ == 1) return work(0);
  const auto all = static_cast<uint32_t>(range_count_);
  std::atomic<uint32_t>& done = done_[static_cast<size_t>(phase)];
  std::atomic<uint8_t>* const claimed = claimed_.data() + phase * range_count_;
  if (done.load(std::memory_order_acquire) == all) return;

  uint32_t finished = 0;
  for (int64_t i = 0; i < range_count_; ++i) {
    const int64_t range = (member * ranges_per_member_ + i) % range_count_;
    if (claimed[range].load(std::memory_order_relaxed) != 0) continue;
    if (claimed[range].exchange(1, std::memory_order_relaxed) != 0) continue;
    work(range);
    ++finished;
  }
  if (finished > 0 && done.fetch_add(finished, std::memory_order_acq_rel) + finished == all) {
    done.notify_all();
    return;
  }
  for (uint32_t count = done.load(std::memory_order_acquire); count != all;
       count = done.load(std::memory_order_acquire)) {
    wait_for_change(done, count, spin_rounds_);
  }
}

}  // namespace shoal
