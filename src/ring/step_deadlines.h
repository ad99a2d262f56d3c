// How long a step may take before the ring counts as hung, learnt from the steps before. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace shoal {

class StepDeadlines {
 public:
  explicit StepDeadlines(Duration minimum) : minimum_(minimum) {}

  // For a step of `rows` rows that is the next to come out of the ring.
  Duration allowed(int64_t rows) const;

  void record(int64_t rows, Duration taken);

 private:
  std::optional<Duration> expected(int64_t rows) const;

  Duration minimum_;
  // By the logarithm of the rows: the longest time of late, and the rows it was for.
  struct Measured {
    int64_t rows = 0;
    Duration longest{0};
  };
  std::array<Measured, 32> measured_{};
};

}  // namespace shoal
