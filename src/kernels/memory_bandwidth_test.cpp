#include "kernels/memory_bandwidth.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

// Each look at the clock is one millisecond later.
class TickingClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(std::chrono::milliseconds(++ticks_)); }

 private:
  mutable int64_t ticks_ = 0;
};

TEST(MemoryBandwidth, IsTheBuffersSizeOverTheTimeOfAPass) {
  ThreadTeam team(2);
  const TickingClock clock;
  const Result<double> bandwidth = measure_read_bandwidth(team, 1 << 20, clock);
  ASSERT_TRUE(bandwidth);
  EXPECT_DOUBLE_EQ(*bandwidth, (1 << 20) * 1000.0);
}

TEST(MemoryBandwidth, OfARealMachineIsPlausible) {
  ThreadTeam team(1);
  const Result<double> bandwidth = measure_read_bandwidth(team, 64 << 20);
  ASSERT_TRUE(bandwidth);
  EXPECT_GT(*bandwidth, 1e8);
  EXPECT_LT(*bandwidth, 1e13);
}

}  // namespace
}  // namespace shoal
