#include "scheduler/wait_estimate.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

using std::chrono::seconds;

TEST(WaitEstimate, IsTheTimeInWhichPlacesBecomeFreeForThoseInFrontToo) {
  WaitEstimate wait;
  TimePoint now{seconds(100)};
  for (int i = 0; i < 300; ++i) wait.begin(now);
  for (int i = 0; i < 200; ++i) wait.end(now += seconds(3));
  EXPECT_NEAR(to_seconds(wait.refuse(now)), 3, 0.1);
  EXPECT_NEAR(to_seconds(wait.refuse(now)), 6, 0.2);
  for (int i = 3; i < 40; ++i) wait.refuse(now);
  EXPECT_NEAR(to_seconds(wait.refuse(now)), 120, 4);
  for (int i = 0; i < 10; ++i) wait.end(now += seconds(3));
  EXPECT_NEAR(to_seconds(wait.refuse(now)), 93, 4) << "ten have got a place since";
}

TEST(WaitEstimate, TimesWithoutWorkDoNotCount) {
  WaitEstimate wait;
  TimePoint now{};
  for (int i = 0; i < 100; ++i) {
    wait.begin(now);
    wait.end(now += seconds(2));
    now += seconds(1000);
  }
  wait.begin(now);
  EXPECT_NEAR(to_seconds(wait.refuse(now)), 2, 0.1);
}

TEST(WaitEstimate, BeforeAnythingHasEndedItGrowsWithTheTimeThatWorkTakes) {
  WaitEstimate wait;
  TimePoint now{};
  wait.begin(now);
  const double at_once = to_seconds(wait.refuse(now));
  EXPECT_GT(at_once, 0);
  EXPECT_GT(to_seconds(wait.refuse(now + seconds(60))), 60);
}

}  // namespace
}  // namespace shoal
