// A number of any size as its decimal digits, for rules about JSON's numbers that must be exact.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "json/value.h"

namespace shoal {

struct Decimal {
  bool is_negative = false;
  std::string digits;  // neither the first nor the last is 0; empty: the number is zero
  int64_t place = 0;   // the number is 0.digits × 10^place; the point may lie beyond the digits' end

  bool is_zero() const { return digits.empty(); }
  bool is_whole() const { return place >= static_cast<int64_t>(digits.size()); }
  // The digits before the point ("0" at least), and those behind it.
  std::string whole() const;
  std::string fraction() const;

  bool operator==(const Decimal&) const = default;
  std::strong_ordering operator<=>(const Decimal& other) const;
};

// CHECKs that `value` is a number.
Decimal to_decimal(const Value& value);

// Written without an exponent.
std::string plain_digits(const Decimal& decimal);

}  // namespace shoal
