#include "net/rate_limit.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RateLimit, ABurstPassesAndThenSoManyASecond) {
  RateLimit limit(10, 5);
  TimePoint now{seconds(100)};
  auto take_all = [&] {
    int taken = 0;
    while (limit.try_take(now)) ++taken;
    return taken;
  };
  EXPECT_EQ(take_all(), 5);
  EXPECT_EQ(limit.ready_at(), now + milliseconds(100));
  now += milliseconds(99);
  EXPECT_EQ(take_all(), 0);
  now += milliseconds(1);
  EXPECT_EQ(take_all(), 1);
  EXPECT_FALSE(limit.is_rested(now));
  now += milliseconds(300);
  EXPECT_EQ(take_all(), 3);
  now += seconds(60);
  EXPECT_TRUE(limit.is_rested(now));
  EXPECT_EQ(take_all(), 5);
}

}  // namespace
}  // namespace shoal
