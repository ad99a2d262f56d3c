#include "base/retry_advice.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(RetryAdvice, IsFoundInTheMessageThatEndsWithIt) {
  for (const auto& [wait, seconds] : {std::pair<Duration, int64_t>{milliseconds(0), 1},
                                      {milliseconds(1), 1},
                                      {milliseconds(11001), 12},
                                      {hours(100), 86'400}}) {
    EXPECT_EQ(find_retry_advice("the queue is full; " + advise_retry(wait)), seconds);
  }
  EXPECT_EQ(advise_retry(milliseconds(2500)), "try again in 3 s");
}

TEST(RetryAdvice, OtherMessagesHaveNone) {
  for (const char* message :
       {"", "the queue is full", "try again in ", "try again in s", "try again in -5 s", "try again in 5 sec",
        "try again in 5 s or not", "try again in 99999999999999999999 s", "try again in 0 s"}) {
    EXPECT_EQ(find_retry_advice(message), std::nullopt) << message;
  }
}

}  // namespace
}  // namespace shoal
