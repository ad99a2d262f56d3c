// Lets a number of events through each second on average, and up to `burst` at once. Pure; the caller owns
// time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace shoal {

class RateLimit {
 public:
  RateLimit(int64_t per_second, int64_t burst)
      : interval_(Duration(std::chrono::seconds(1)) / per_second), tolerance_(interval_ * (burst - 1)) {}

  // When the next one may be taken.
  TimePoint ready_at() const { return next_ - tolerance_; }
  bool is_ready(TimePoint now) const { return ready_at() <= now; }
  // True when the whole burst may be taken again.
  bool is_rested(TimePoint now) const { return next_ <= now; }

  bool try_take(TimePoint now) {
    if (!is_ready(now)) return false;
    next_ = std::max(next_, now) + interval_;
    return true;
  }

 private:
  Duration interval_, tolerance_;
  TimePoint next_{};
};

}  // namespace shoal
