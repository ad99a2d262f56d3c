#include "kernels/memory_bandwidth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace shoal {
namespace {

// A clock that is one millisecond later at each look.
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

// A clock that is looked at once before all passes, then at the beginning and end of each. The passes take
// the given times, the last one again and again.
class PassClock final : public Clock {
 public:
  explicit PassClock(std::vector<int64_t> pass_ms) : pass_ms_(std::move(pass_ms)) {}
  TimePoint now() const override {
    if (looks_ >= 2 && looks_ % 2 == 0) {
      now_ += std::chrono::milliseconds(pass_ms_[std::min(pass_ms_.size() - 1, passes_)]);
      ++passes_;
    }
    ++looks_;
    return now_;
  }
  size_t passes() const { return passes_; }

 private:
  std::vector<int64_t> pass_ms_;
  mutable size_t looks_ = 0;
  mutable size_t passes_ = 0;
  mutable TimePoint now_{};
};

TEST(MemoryBandwidth, IsThatOfTheFastestPass) {
  ThreadTeam team(1);
  const PassClock clock({70, 20, 50, 90});
  const Result<double> bandwidth = measure_read_bandwidth(team, 1 << 20, clock);
  ASSERT_TRUE(bandwidth);
  EXPECT_DOUBLE_EQ(*bandwidth, (1 << 20) / 0.020);
  EXPECT_EQ(clock.passes(), 4u) << "another pass begins until 200 ms are over";
}

TEST(MemoryBandwidth, TakesThreePassesWhereTheyAreSlowAndAHundredWhereTheyAreQuick) {
  ThreadTeam team(1);
  const PassClock slow({1000}), quick({1});
  ASSERT_TRUE(measure_read_bandwidth(team, 1 << 16, slow));
  EXPECT_EQ(slow.passes(), 3u);
  ASSERT_TRUE(measure_read_bandwidth(team, 1 << 16, quick));
  EXPECT_EQ(quick.passes(), 100u);
}

}  // namespace
}  // namespace shoal
