#include "client/event_stream.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

namespace shoal {
namespace {

using Lines = std::vector<std::string>;

// Fed in pieces of `step` bytes; comments have "#" in front.
Lines read(const std::string& bytes, size_t step) {
  Lines lines;
  EventStream stream;
  for (size_t at = 0; at < bytes.size(); at += step) {
    EXPECT_TRUE(stream.feed(
        std::string_view(bytes).substr(at, step),
        [&](std::string_view data) -> Result<void> {
          lines.emplace_back(data);
          return {};
        },
        [&](std::string_view comment) { lines.push_back(fmt::format("#{}", comment)); }));
  }
  return lines;
}

TEST(EventStream, GivesDataAndCommentsHoweverTheBytesAreCut) {
  const std::string bytes =
      ": loading 5 %\n\ndata: {\"a\":1}\n\nevent: x\nid: 7\ndata:two\r\n\r\n:\ndata: grüße\n\ndata: "
      "unfinished";
  const Lines expected{"#loading 5 %", "{\"a\":1}", "two", "#", "grüße"};
  for (size_t step = 1; step <= bytes.size(); ++step) EXPECT_EQ(read(bytes, step), expected) << step;
}

TEST(EventStream, ALineWithoutEndIsCorrupt) {
  EventStream stream;
  const std::string part(1 << 20, 'x');
  Result<void> outcome;
  for (int i = 0; i < 17 && outcome; ++i) {
    outcome = stream.feed(part, [](std::string_view) { return Result<void>(); }, [](std::string_view) {});
  }
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::corrupt_data);
}

}  // namespace
}  // namespace shoal
