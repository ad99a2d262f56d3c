#include "json/decimal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace shoal {
namespace {

std::string_view digits_between(const std::string& digits, int64_t begin, int64_t end) {
  const auto size = static_cast<int64_t>(digits.size());
  const int64_t from = std::clamp<int64_t>(begin, 0, size);
  return std::string_view(digits).substr(static_cast<size_t>(from),
                                         static_cast<size_t>(std::clamp<int64_t>(end, from, size) - from));
}

std::string zeros(int64_t count) {
  return std::string(static_cast<size_t>(std::max<int64_t>(count, 0)), '0');
}

std::strong_ordering compare_magnitudes(const Decimal& a, const Decimal& b) {
  if (a.is_zero() || b.is_zero()) return b.is_zero() <=> a.is_zero();
  if (a.place != b.place) return a.place <=> b.place;
  return a.digits <=> b.digits;
}

}  // namespace

std::string Decimal::whole() const {
  if (is_zero() || place <= 0) return "0";
  return std::string(digits_between(digits, 0, place)) + zeros(place - static_cast<int64_t>(digits.size()));
}

std::string Decimal::fraction() const {
  if (is_whole()) return "";
  return zeros(-place) + std::string(digits_between(digits, place, static_cast<int64_t>(digits.size())));
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  if (is_negative != other.is_negative) return other.is_negative <=> is_negative;
  return is_negative ? compare_magnitudes(other, *this) : compare_magnitudes(*this, other);
}

Decimal to_decimal(const Value& value) {
  CHECK(value.integer() != nullptr || value.number() != nullptr);
  const std::string text = value.integer() != nullptr ? std::to_string(*value.integer())
                           : !value.written().empty() ? std::string(value.written())
                                                      : format_number(*value.number());
  Decimal decimal;
  bool is_behind_point = false;
  size_t at = text.starts_with('-') ? 1 : 0;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      is_behind_point = true;
      continue;
    }
    decimal.digits += text[at];
    if (!is_behind_point) ++decimal.place;
  }
  if (at < text.size()) {
    const char* begin = text.c_str() + at + 1;
    int64_t exponent = 0;
    std::from_chars(*begin == '+' ? begin + 1 : begin, text.c_str() + text.size(), exponent);
    decimal.place += exponent;
  }
  const size_t first = std::min(decimal.digits.find_first_not_of('0'), decimal.digits.size());
  decimal.digits.erase(0, first);
  decimal.digits.resize(decimal.digits.find_last_not_of('0') + 1);
  decimal.place = decimal.is_zero() ? 0 : decimal.place - static_cast<int64_t>(first);
  decimal.is_negative = text.starts_with('-') && !decimal.is_zero();
  return decimal;
}

std::string plain_digits(const Decimal& decimal) {
  const std::string fraction = decimal.fraction();
  return fmt::format("{}{}{}{}", decimal.is_negative ? "-" : "", decimal.whole(), fraction.empty() ? "" : ".",
                     fraction);
}

}  // namespace shoal
