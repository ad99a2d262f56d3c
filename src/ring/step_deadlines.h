// How long a step may take before the ring counts as hung; learnt from earlier steps. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace shoal {

class StepDeadlines {
 public:
  explicit StepDeadlines(Duration minimum) : minimum_(minimum) {}

  // The time that a step of `rows` rows may take once it is the next to come out of the ring.
  Duration allowed(int64_t rows) const;

  // Learns the time that a step took from when it was the next to come out.
  void record(int64_t rows, Duration taken);

 private:
  std::optional<Duration> expected(int64_t rows) const;

  Duration minimum_;
  // The longest recent time of steps of similar size, and the fewest rows of such a step.
  struct Measured {
    int64_t rows = 0;
    Duration longest{0};
  };
  std::array<Measured, 32> measured_{};
};

}  // namespace shoal
