// Time as a parameter: code that waits or measures takes a Clock, so that simulations can control time.
#pragma once

#include <chrono>

namespace shoal {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
};

class SteadyClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
};

inline double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace shoal
