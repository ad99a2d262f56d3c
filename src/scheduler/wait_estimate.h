// Estimates when there will be room again for a request that is refused now, from how fast earlier ones
// ended. Pure.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace shoal {

class WaitEstimate {
 public:
  // A request got a place, or gave its place up.
  void begin(TimePoint now);
  void end(TimePoint now);

  // Counts a refusal and returns the time after which to try again. Those refused earlier, for whom no place
  // has become free since, are expected to come first.
  Duration refuse(TimePoint now);

 private:
  void advance(TimePoint now);

  int64_t under_way_ = 0;
  int64_t refused_ = 0;
  TimePoint last_{};
  // Seconds during which there was work, and how many requests ended in them; older ones weigh less. The
  // start values assume one end per second.
  double busy_seconds_ = 1;
  double ends_ = 1;
};

}  // namespace shoal
