#include "scheduler/wait_estimate.h"

#include <algorithm>

namespace shoal {
namespace {
// How much an earlier end weighs compared with the one after it.
constexpr double weight_of_earlier = 0.97;
}  // namespace

void WaitEstimate::begin(TimePoint now) {
  advance(now);
  ++under_way_;
}

void WaitEstimate::end(TimePoint now) {
  advance(now);
  under_way_ = std::max<int64_t>(under_way_ - 1, 0);
  busy_seconds_ *= weight_of_earlier;
  ends_ = ends_ * weight_of_earlier + 1;
  refused_ = under_way_ == 0 ? 0 : std::max<int64_t>(refused_ - 1, 0);
}

Duration WaitEstimate::refuse(TimePoint now) {
  advance(now);
  ++refused_;
  const double seconds = busy_seconds_ / ends_ * static_cast<double>(refused_);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(seconds, 86'400.0)));
}

void WaitEstimate::advance(TimePoint now) {
  if (under_way_ > 0) busy_seconds_ += std::max(to_seconds(now - last_), 0.0);
  last_ = now;
}

}  // namespace shoal
