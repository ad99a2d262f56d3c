#include "cli/option_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal {
namespace {

using testing::HasSubstr;

TEST(MemoryLimit, IsReadAsPeopleWriteIt) {
  const std::pair<const char*, int64_t> cases[] = {
      {"8GB", 8'000'000'000},        {"8gb", 8'000'000'000},         {"8g", 8'000'000'000},
      {"8G", 8'000'000'000},         {"8 GB", 8'000'000'000},        {" 8  Gb ", 8'000'000'000},
      {"8GiB", 8'589'934'592},       {"8gib", 8'589'934'592},        {"8Gi", 8'589'934'592},
      {"1.5 gib", 1'610'612'736},    {"512MB", 512'000'000},         {"512m", 512'000'000},
      {"512MiB", 536'870'912},       {"60MB", 60'000'000},           {"2000kB", 2'000'000},
      {"1048576KiB", 1'073'741'824}, {"0.5T", 500'000'000'000},      {"1PB", 1'000'000'000'000'000},
      {"8000000000", 8'000'000'000}, {"8000000000B", 8'000'000'000}, {"8e9", 8'000'000'000},
  };
  for (const auto& [text, bytes] : cases) {
    const auto parsed = parse_byte_count(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(MemoryLimit, WhatIsNoAmountIsRefusedByName) {
  for (const char* text : {"", " ", "lots", "GB", "8XB", "8GBB", "8 G B", "-8GB", "nan", "inf", "infGB",
                           "1e30GB", "8,5GB", "0x10", "8GB 9", "8i", "8ib", "50%"}) {
    const auto parsed = parse_byte_count(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(parsed.error().message, HasSubstr(std::string("'") + text + "'"));
    EXPECT_THAT(parsed.error().message, HasSubstr("8GB"));
  }
}

TEST(MemoryLimit, AFewBytesAreAForgottenUnit) {
  EXPECT_THAT(check_byte_count("8"), HasSubstr("8GB?"));
  EXPECT_THAT(check_byte_count("16"), HasSubstr("'16' means 16 bytes"));
  for (const char* text : {"0", "0GB", "64000", "8KB", "1B"}) EXPECT_NE(check_byte_count(text), "") << text;
  EXPECT_EQ(check_byte_count("1MB"), "");
}

TEST(LogLevel, IsANumberAndWhatOtherProgramsMeanByDebugIsNone) {
  for (int level = 0; level <= 9; ++level) EXPECT_EQ(parse_log_level(std::to_string(level)), level);
  EXPECT_EQ(parse_log_level("10"), 9);
  EXPECT_EQ(parse_log_level("99999999999999999999"), 9);
  for (const char* text : {"", "true", "*", "app:*", "-1", "3x", " 3", "1.5", "-99999999999999999999"}) {
    EXPECT_EQ(parse_log_level(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace shoal
