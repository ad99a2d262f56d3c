#include "base/log_filter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace shoal {
namespace {

using std::chrono::seconds;

TEST(LogFilter, OneTextIsToldOnceAMinute) {
  LogFilter filter;
  const TimePoint start{seconds(5)};
  EXPECT_EQ(filter.admit(start, "a"), "a");
  EXPECT_EQ(filter.admit(start + seconds(59), "a"), std::nullopt);
  EXPECT_EQ(filter.admit(start + seconds(60), "a"), "a");
  EXPECT_EQ(filter.admit(start + seconds(60), "b"), "b");
}

TEST(LogFilter, AFloodOfDifferentTextsCostsALineAMinute) {
  LogFilter filter;
  int lines = 0;
  std::string last;
  auto flood = [&](seconds begin) {
    lines = 0;
    for (int i = 0; i < 1000; ++i) {
      const auto line = filter.admit(TimePoint(begin), fmt::format("{} {}", begin.count(), i));
      if (!line) continue;
      ++lines;
      last = *line;
    }
  };
  flood(seconds(1000));
  EXPECT_EQ(lines, 8);
  for (int minute = 1; minute < 5; ++minute) {
    flood(seconds(1000 + 60 * minute));
    EXPECT_EQ(lines, 1);
  }
  EXPECT_EQ(last, "1240 0 (and 999 more such warnings before)");
  filter.admit(TimePoint(seconds(2000)), "quiet again");
  EXPECT_EQ(filter.admit(TimePoint(seconds(2060)), "x"), "x");
  EXPECT_EQ(filter.admit(TimePoint(seconds(2061)), "y"), "y");
}

}  // namespace
}  // namespace shoal
