#include "api/http_date.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(HttpDate, IsWrittenAsRfc9110HasIt) {
  using std::chrono::seconds;
  const auto at = [](int64_t second) {
    return format_http_date(std::chrono::system_clock::time_point(seconds(second)));
  };
  EXPECT_EQ(at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110's example
  EXPECT_EQ(at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(at(951782399), "Mon, 28 Feb 2000 23:59:59 GMT");  // date -u -d @951782399
  EXPECT_EQ(at(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
}

}  // namespace
}  // namespace shoal
