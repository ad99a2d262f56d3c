#include "ring/step_deadlines.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(StepDeadlines, AreNeverBelowTheMinimum) {
  StepDeadlines deadlines(seconds(1));
  deadlines.record(1, milliseconds(1));
  EXPECT_EQ(deadlines.allowed(1), seconds(1));
  EXPECT_EQ(deadlines.allowed(0), seconds(1));
}

TEST(StepDeadlines, GrowWithTheRowsAsFarAsNothingElseIsMeasured) {
  StepDeadlines deadlines(seconds(1));
  deadlines.record(1, milliseconds(100));
  EXPECT_GE(deadlines.allowed(512), 512 * milliseconds(100));
  for (int i = 0; i < 3; ++i) deadlines.record(512, seconds(4));
  EXPECT_GE(deadlines.allowed(512), seconds(4) * 4);
  EXPECT_LE(deadlines.allowed(512), seconds(4) * 10);
  EXPECT_LE(deadlines.allowed(1), seconds(2)) << "a long prefill does not make the ring patient with decode";
}

TEST(StepDeadlines, AllowASmallStepWhatALargerOneTook) {
  StepDeadlines deadlines(seconds(1));
  deadlines.record(512, seconds(4));
  EXPECT_GE(deadlines.allowed(1), seconds(4));
}

TEST(StepDeadlines, FollowADeviceThatBecomesSlower) {
  StepDeadlines deadlines(seconds(1));
  Duration taken = milliseconds(200);
  for (int i = 0; i < 40; ++i) {
    ASSERT_LT(taken, deadlines.allowed(1));
    deadlines.record(1, taken);
    taken = taken * 5 / 4;
  }
}

TEST(StepDeadlines, ForgetASingleSlowStep) {
  StepDeadlines deadlines(seconds(1));
  deadlines.record(1, seconds(60));
  for (int i = 0; i < 500; ++i) deadlines.record(1, milliseconds(10));
  EXPECT_LE(deadlines.allowed(1), seconds(2));
}

}  // namespace
}  // namespace shoal
