#include "files/python_json.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(PythonJson, NumbersThatJsonLacksBecomeTexts) {
  EXPECT_EQ(plain_json(R"({"a": [0.0, Infinity], "b": -Infinity, "c":NaN, "d": -1})"),
            R"({"a": [0.0, "Infinity"], "b": "-Infinity", "c":"NaN", "d": -1})");
}

TEST(PythonJson, StringsKeepTheirWords) {
  const std::string text = R"({"NaN": "Infinity \"NaN\" \\", "b": "-Infinity"})";
  EXPECT_EQ(plain_json(text), text);
}

TEST(PythonJson, AByteOrderMarkIsTakenAwayAndWhatIsCutOffIsKept) {
  EXPECT_EQ(plain_json("\xef\xbb\xbf{}"), "{}");
  for (const char* text : {"", "\"", "\"a\\", "{\"a\": \"NaN", "Na", "\xef\xbb"})
    EXPECT_EQ(plain_json(text), text);
}

}  // namespace
}  // namespace shoal
