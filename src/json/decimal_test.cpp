#include "json/decimal.h"

#include <gtest/gtest.h>

#include <vector>

namespace shoal {
namespace {

Decimal of(std::string_view json) { return to_decimal(*parse_json(json)); }

TEST(Decimal, IsWrittenOutWithoutAnExponent) {
  for (const auto& [json, plain] : std::vector<std::pair<std::string, std::string>>{
           {"0", "0"},
           {"-0.0", "0"},
           {"0e7", "0"},
           {"12.50", "12.5"},
           {"-12.5e1", "-125"},
           {"1e3", "1000"},
           {"1.5E+2", "150"},
           {"25e-4", "0.0025"},
           {"-0.001", "-0.001"},
           {"18446744073709551616", "18446744073709551616"},
           {"100", "100"},
           {"1e20", "100000000000000000000"},
           {"3.14159265358979323846", "3.14159265358979323846"}}) {
    EXPECT_EQ(plain_digits(of(json)), plain) << json;
    EXPECT_EQ(of(json).is_whole(), plain.find('.') == std::string::npos) << json;
  }
  EXPECT_EQ(of("1e400").whole().size(), 401u);
}

TEST(Decimal, IsComparedExactly) {
  const std::vector<std::string> ascending{"-1e400",
                                           "-18446744073709551617",
                                           "-18446744073709551616",
                                           "-9223372036854775808",
                                           "-10",
                                           "-9.5",
                                           "-0.1",
                                           "0",
                                           "1e-400",
                                           "0.1",
                                           "0.10000000000000000001",
                                           "9",
                                           "9007199254740992",
                                           "9007199254740993",
                                           "18446744073709551615",
                                           "18446744073709551616",
                                           "1e400"};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(of(ascending[i]) <=> of(ascending[j]), i <=> j) << ascending[i] << " " << ascending[j];
    }
  }
  EXPECT_EQ(of("1.0"), of("1"));
  EXPECT_EQ(of("1e2"), of("100.00"));
}

}  // namespace
}  // namespace shoal
