#include "base/printable.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace shoal {
namespace {

TEST(Printable, TextIsShownAsItIs) {
  for (const char* text : {"", "plain", "a\n\tb", "Grüße, 世界 🐟", "\xf4\x8f\xbf\xbf"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, OrdersToATerminalAndBytesThatAreNoTextAreShownAsNumbers) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"\x1b[2J", "\\x1b[2J"},
      {"a\rb\x7f", "a\\x0db\\x7f"},
      {std::string("a\0b", 3), "a\\x00b"},
      {"\xc2\x9b", "\\xc2\\x9b"},  // a C1 control: begins an escape sequence as ESC [ does
      {"\xff\xfe ok", "\\xff\\xfe ok"},
      {"\xc0\x80", "\\xc0\\x80"},                    // overlong
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // half of a surrogate pair
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond Unicode
      {"cut \xe4\xb8", "cut \\xe4\\xb8"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(printable(text), shown);
}

}  // namespace
}  // namespace shoal
