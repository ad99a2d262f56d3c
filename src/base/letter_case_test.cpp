#include "base/letter_case.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(LetterCase, ChangesTheLettersOfAsciiOnly) {
  EXPECT_EQ(to_lower_ascii("@AZ[`az{ Ä-09"), "@az[`az{ Ä-09");
  EXPECT_EQ(to_lower_ascii(std::string_view("A\0\xc9", 3)), std::string_view("a\0\xc9", 3));
  EXPECT_EQ(to_lower_ascii(""), "");
}

}  // namespace
}  // namespace shoal
