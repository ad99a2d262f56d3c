#include "json/value.h"

#include <gtest/gtest.h>

#include <cmath>

namespace shoal {
namespace {

Value parsed(std::string_view json) {
  Result<Value> value = parse_json(json);
  EXPECT_TRUE(value) << (value ? "" : value.error().message);
  return value ? *value : Value();
}

TEST(Json, KeepsTheOrderOfMembers) {
  EXPECT_EQ(format_json(parsed(R"({"b": 1, "a": [true, null, "x", 2.5], "b": 3})")),
            R"({"b":3,"a":[true,null,"x",2.5]})");
}

TEST(Json, SaysWhereItIsWrong) {
  const Result<Value> value = parse_json("{\n  \"a\": ,\n}");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(value.error().message.find("line 2"), std::string::npos) << value.error().message;
}

TEST(Json, BoundsItsDepth) {
  const std::string deep(300, '[');
  const Result<Value> value = parse_json(deep);
  ASSERT_FALSE(value);
  EXPECT_NE(value.error().message.find("256"), std::string::npos);
  EXPECT_TRUE(parse_json(std::string(200, '[') + std::string(200, ']')));
}

TEST(Json, IsRefusedWithWrongUtf8AndWithRest) {
  EXPECT_FALSE(parse_json("\"\xFF\""));
  EXPECT_FALSE(parse_json("1 2"));
  EXPECT_FALSE(parse_json(""));
}

TEST(Json, ManyMembersAreNotQuadratic) {
  std::string json = "{";
  for (int i = 0; i < 200'000; ++i) json += "\"k" + std::to_string(i) + "\":1,";
  json += "\"k7\":2}";
  const Value value = parsed(json);
  ASSERT_NE(value.object(), nullptr);
  EXPECT_EQ(value.object()->size(), 200'000u);
  EXPECT_EQ(*value.find("k7")->integer(), 2);
}

// The expected texts are what Python's json.dumps and repr give.
TEST(Json, IsWrittenAsPythonWritesIt) {
  const Value value = parsed(R"({"b": [1, 2.0, {}], "a": {"ü": "\u0001\n\"\\\u007f😀"}, "e": []})");
  EXPECT_EQ(format_json(value, {}),
            "{\"b\": [1, 2.0, {}], \"a\": {\"ü\": \"\\u0001\\n\\\"\\\\\x7f😀\"}, \"e\": []}");
  JsonStyle style;
  style.indent = "  ";
  style.sorted_keys = true;
  style.ascii_only = true;
  EXPECT_EQ(format_json(value, style),
            "{\n  \"a\": {\n    \"\\u00fc\": \"\\u0001\\n\\\"\\\\\\u007f\\ud83d\\ude00\"\n  },\n  \"b\": [\n "
            "   1,\n    "
            "2.0,\n    {}\n  ],\n  \"e\": []\n}");
}

TEST(Json, NumbersAreThoseOfPythonsRepr) {
  EXPECT_EQ(format_number(0.1), "0.1");
  EXPECT_EQ(format_number(1.0), "1.0");
  EXPECT_EQ(format_number(-0.0), "-0.0");
  EXPECT_EQ(format_number(1e16), "1e+16");
  EXPECT_EQ(format_number(123456789012345.0), "123456789012345.0");
  EXPECT_EQ(format_number(1e-5), "1e-05");
  EXPECT_EQ(format_number(0.0001), "0.0001");
  EXPECT_EQ(format_number(1.5e300), "1.5e+300");
  EXPECT_EQ(format_number(2.0 / 3.0), "0.6666666666666666");
  EXPECT_EQ(format_number(5e-324), "5e-324");
  EXPECT_EQ(format_number(INFINITY), "inf");
  EXPECT_EQ(format_json(Value(double{NAN})), "null");
  EXPECT_EQ(format_json(Value(double{-INFINITY}), {}), "-Infinity");
}

TEST(Json, NumbersKeepTheirDigits) {
  const std::string digits(400, '7');
  for (const std::string& json : std::vector<std::string>{
           "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
           "-9223372036854775808", "-9223372036854775809", "100000000000000000000", "-" + digits, digits,
           "1.10", "1e400", "-1E+5", "3.14159265358979323846264338327950288", "0.000", "1e-5", "-0.0", "1e16",
           "0.10000000000000000000000000000001", "12345678901234567890.5"}) {
    const Value value = parsed("[" + json + "]");
    ASSERT_NE(value.array(), nullptr) << json;
    EXPECT_EQ(format_json(value), "[" + json + "]");
    EXPECT_EQ(format_json(value, {}), "[" + json + "]");
    EXPECT_EQ(format_json(parsed(format_json(value))), "[" + json + "]");
  }
  EXPECT_EQ(parsed("9223372036854775808").big_integer(), "9223372036854775808");
  EXPECT_EQ(parsed("-9223372036854775808").big_integer(), "");
  EXPECT_EQ(parsed("1e400").big_integer(), "");
  EXPECT_EQ(*parsed("1.10").number(), 1.1);
  EXPECT_EQ(*parsed("9223372036854775808").number(), 9223372036854775808.0);
  EXPECT_EQ(parsed("1e400").written(), "1e400");
  EXPECT_EQ(parsed("2.5").written(), "");
  EXPECT_EQ(parsed("9223372036854775808"), parsed("9223372036854775808"));
  EXPECT_FALSE(parsed("9223372036854775808") == parsed("9223372036854775809"));
  EXPECT_FALSE(parse_json("1e5000"));
  EXPECT_FALSE(parse_json("0123456789012345678901"));
}

TEST(Value, SetReplacesInPlace) {
  Value value;
  value.set("a", int64_t{1});
  value.set("b", int64_t{2});
  value.set("a", "x");
  EXPECT_EQ(format_json(value), R"({"a":"x","b":2})");
  EXPECT_EQ(value.find("c"), nullptr);
}

TEST(Value, JsonDoesNotEndAtANulByte) {
  using std::string_view_literals::operator""sv;
  EXPECT_FALSE(parse_json("1\0, nonsense"sv));
  EXPECT_FALSE(parse_json("1\0"sv));
  EXPECT_TRUE(parse_json("1 "));
}

}  // namespace
}  // namespace shoal
