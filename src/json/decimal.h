// A number of any size by its decimal digits, for what has to be exact about the numbers of JSON.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "json/value.h"

namespace shoal {

struct Decimal {
  bool is_negative = false;
  std::string digits;  // neither the first nor the last is 0; none: zero
  int64_t place =
      0;  // of the point behind the digits' beginning, which may lie beyond their end: 0.digits × 10^place

  bool is_zero() const { return digits.empty(); }
  bool is_whole() const { return place >= static_cast<int64_t>(digits.size()); }
  // In front of the point, "0" at least, and behind it.
  std::string whole() const;
  std::string fraction() const;

  bool operator==(const Decimal&) const = default;
  std::strong_ordering operator<=>(const Decimal& other) const;
};

// Of a value that is a number.
Decimal to_decimal(const Value& value);

// Without an exponent.
std::string plain_digits(const Decimal& decimal);

}  // namespace shoal
