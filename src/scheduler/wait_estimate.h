// How long it will take until there is room again for one who is refused now, learnt from how fast work has
// ended before. Pure.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace shoal {

class WaitEstimate {
 public:
  void begin(TimePoint now);
  void end(TimePoint now);

  // Those who were refused before, and for whom no place has become free since, come first.
  Duration refuse(TimePoint now);

 private:
  void advance(TimePoint now);

  int64_t under_way_ = 0;
  int64_t refused_ = 0;
  TimePoint last_{};
  // While there was work, and how much of it has ended then; older times weigh less. Before anything has
  // ended, one a second is assumed.
  double busy_seconds_ = 1;
  double ends_ = 1;
};

}  // namespace shoal
