#include "templates/jinja/integers.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>

#include "base/utf8.h"
#include "templates/jinja/text_tools.h"
#include "tokens/unicode.h"

namespace shoal::jinja {

using Integer = boost::multiprecision::cpp_int;

struct BigInteger {
  Integer value;
};

namespace {

constexpr size_t maximum_bits = 1 << 16;
constexpr size_t maximum_digits = 5000;  // the most that are read or written; in tens, where it takes time

[[noreturn]] void too_large() { give_up("an integer is too large"); }

Integer of(const Datum& datum) {
  if (const BigInteger* big = datum.big_integer()) return big->value;
  return *datum.as_integer();
}

size_t bit_count(const Integer& value) { return value == 0 ? 0 : msb(Integer(abs(value))) + 1; }

Datum datum_of(Integer value) {
  if (bit_count(value) > maximum_bits) too_large();
  if (value >= INT64_MIN && value <= INT64_MAX) return value.convert_to<int64_t>();
  return std::make_shared<const BigInteger>(BigInteger{std::move(value)});
}

// Pays for a product or a quotient of numbers with so many bits.
void pay(size_t bits, size_t other_bits, Budget& budget) {
  budget.pay_steps(static_cast<int64_t>((bits / 64 + 1) * (other_bits / 64 + 1) / 64));
}

Integer product(const Integer& a, const Integer& b, Budget& budget) {
  if (bit_count(a) + bit_count(b) > maximum_bits + 1) too_large();
  pay(bit_count(a), bit_count(b), budget);
  return a * b;
}

Integer power(Integer base, Integer exponent, Budget& budget) {
  if (exponent > maximum_bits) {
    const bool stays_small = base >= -1 && base <= 1;
    if (!stays_small) too_large();
    exponent = 2 + exponent % 2;
  }
  Integer result = 1;
  for (auto rest = exponent.convert_to<uint32_t>(); rest > 0;) {
    if ((rest & 1) != 0) result = product(result, base, budget);
    rest >>= 1;
    if (rest > 0) base = product(base, base, budget);
  }
  return result;
}

Integer floor_divide(const Integer& a, const Integer& b) {
  Integer quotient = a / b;
  if (a % b != 0 && (a < 0) != (b < 0)) --quotient;
  return quotient;
}

// The double nearest to value · 2^exponent. `value` is above 0 and has all the bits that decide the rounding.
double scaled(const Integer& value, int64_t exponent) {
  const auto bits = static_cast<int64_t>(bit_count(value));
  const int64_t dropped = std::max<int64_t>(bits - 64, 0);
  Integer top = value >> static_cast<size_t>(dropped);
  if ((top << static_cast<size_t>(dropped)) != value) top |= 1;  // so that it is not taken for a half
  const double result =
      std::ldexp(static_cast<double>(top.convert_to<uint64_t>()), static_cast<int>(exponent + dropped));
  if (std::isinf(result)) give_up("an integer is too large for a number with a point");
  return result;
}

double quotient(const Integer& a, const Integer& b) {
  const bool negative = (a < 0) != (b < 0);
  if (a == 0) return negative ? -0.0 : 0.0;
  const Integer dividend = abs(a);
  const Integer divisor = abs(b);
  // The shift that gives the quotient at least 64 bits.
  const auto shift = std::max<int64_t>(
      static_cast<int64_t>(bit_count(divisor)) + 64 - static_cast<int64_t>(bit_count(dividend)), 0);
  const Integer shifted = dividend << static_cast<size_t>(shift);
  Integer result = shifted / divisor << 1;
  if (shifted % divisor != 0) result |= 1;
  const double magnitude = scaled(result, -shift - 1);
  return negative ? -magnitude : magnitude;
}

Datum compute_big(std::string_view operation, const Integer& a, const Integer& b, Budget& budget) {
  if (operation == "+") return datum_of(a + b);
  if (operation == "-") return datum_of(a - b);
  if (operation == "*") return datum_of(product(a, b, budget));
  if (operation == "**") return datum_of(power(a, b, budget));
  pay(bit_count(a), bit_count(b), budget);
  if (operation == "/") return quotient(a, b);
  if (operation == "//") return datum_of(floor_divide(a, b));
  return datum_of(a - b * floor_divide(a, b));
}

int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

// Undefined when the result, or a double on the way to it, cannot hold all digits.
Datum compute_small(std::string_view operation, int64_t a, int64_t b) {
  int64_t result = 0;
  if (operation == "+") return __builtin_add_overflow(a, b, &result) ? Datum() : Datum(result);
  if (operation == "-") return __builtin_sub_overflow(a, b, &result) ? Datum() : Datum(result);
  if (operation == "*") return __builtin_mul_overflow(a, b, &result) ? Datum() : Datum(result);
  if (operation == "**") return {};
  constexpr int64_t exact = int64_t{1} << 53;
  if (operation == "/") {
    const bool are_exact = a >= -exact && a <= exact && b >= -exact && b <= exact;
    return are_exact ? Datum(static_cast<double>(a) / static_cast<double>(b)) : Datum();
  }
  if (b == -1) return {};  // dividing by -1 may not fit
  return operation == "//" ? floor_divide(a, b) : a - b * floor_divide(a, b);
}

int sign_of(const Integer& value) { return value < 0 ? -1 : value > 0; }

int compare_with_number(const Integer& integer, double number) {
  if (std::isinf(number)) return number > 0 ? -1 : 1;
  const double whole = std::trunc(number);
  const Integer difference = integer - Integer(whole);
  if (difference != 0) return sign_of(difference);
  return number > whole ? -1 : number < whole;
}

}  // namespace

Datum compute_integers(std::string_view operation, const Datum& left, const Datum& right, Budget& budget) {
  const std::optional<int64_t> a = left.as_integer();
  const std::optional<int64_t> b = right.as_integer();
  const bool divides = operation == "/" || operation == "//" || operation == "%";
  if (divides && b == 0) give_up("division by zero");
  if (operation == "**" && (b ? *b < 0 : is_negative(*right.big_integer()))) {
    if (a == 0) give_up("0 to a power below 0 is a division by zero");
    return std::pow(*left.as_number(), *right.as_number());
  }
  if (a && b) {
    if (Datum result = compute_small(operation, *a, *b); !result.is_undefined()) return result;
  }
  return compute_big(operation, of(left), of(right), budget);
}

namespace {

// The value of a letter, or of any decimal digit of Unicode; each script's digits follow each other in tens.
std::optional<uint32_t> digit_value(char32_t c) {
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  if (!is_decimal_digit(c)) return std::nullopt;
  char32_t first = c;
  while (is_decimal_digit(first - 1)) --first;
  return (c - first) % 10;
}

// The values of the digits; nullopt when something else is between them.
std::optional<std::vector<uint32_t>> digit_values(std::string_view text, int64_t base) {
  std::vector<uint32_t> values;
  bool may_separate = false;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, static_cast<int64_t>(at));
    at += static_cast<size_t>(c.length);
    if (c.value == '_') {
      if (!std::exchange(may_separate, false)) return std::nullopt;
      continue;
    }
    const std::optional<uint32_t> value = digit_value(c.value);
    if (!value || *value >= base) return std::nullopt;
    values.push_back(*value);
    may_separate = true;
  }
  if (!may_separate) return std::nullopt;
  return values;
}

Integer integer_of(const std::vector<uint32_t>& digits, int64_t base) {
  Integer value = 0;
  constexpr size_t together = 12;  // 36 to that power fits into 64 bits
  for (size_t at = 0; at < digits.size();) {
    uint64_t part = 0;
    uint64_t unit = 1;
    for (const size_t end = std::min(at + together, digits.size()); at < end; ++at) {
      part = part * static_cast<uint64_t>(base) + digits[at];
      unit *= static_cast<uint64_t>(base);
    }
    value = value * unit + part;
  }
  return value;
}

}  // namespace

Datum parse_integer(std::string_view text, int64_t base) {
  const MarkedText whole = MarkedText::of_template(std::string(text));
  const MarkedText stripped = strip(whole, nullptr, /*left=*/true, /*right=*/true);
  std::string_view digits = stripped.bytes();
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  const bool has_prefix = digits.size() > 2 && digits[0] == '0';
  const char letter = has_prefix ? static_cast<char>(digits[1] | 0x20) : '\0';
  const int64_t prefix_base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  if (prefix_base != 0 && (base == 0 || base == prefix_base)) {
    base = prefix_base;
    digits.remove_prefix(digits[2] == '_' ? 3 : 2);
  } else if (base == 0) {
    base = 10;
  }
  const std::optional<std::vector<uint32_t>> values = digit_values(digits, base);
  if (!values) return {};
  if (values->size() > maximum_digits) give_up("an integer has more than {} digits", maximum_digits);
  const Integer value = integer_of(*values, base);
  return datum_of(negative ? Integer(-value) : value);
}

Datum truncated(double number) {
  constexpr double limit = 9.2e18;
  if (std::fabs(number) < limit) return static_cast<int64_t>(number);
  return datum_of(Integer(std::trunc(number)));
}

int compare_numbers(const Datum& left, const Datum& right) {
  const std::optional<int64_t> a = left.as_integer();
  const std::optional<int64_t> b = right.as_integer();
  if (a && b) return *a < *b ? -1 : *a > *b;
  const double* x = left.number();
  const double* y = right.number();
  if (x != nullptr && y != nullptr) return *x < *y ? -1 : *x > *y;
  if (x != nullptr) return -compare_with_number(of(right), *x);
  if (y != nullptr) return compare_with_number(of(left), *y);
  return sign_of(of(left) - of(right));
}

bool is_negative(const BigInteger& integer) { return integer.value < 0; }

double to_number(const BigInteger& integer) {
  const double magnitude = scaled(Integer(abs(integer.value)), 0);
  return integer.value < 0 ? -magnitude : magnitude;
}

std::string magnitude_digits(const Datum& integer, int base) {
  const Integer magnitude = abs(of(integer));
  if (base == 10) {
    if (bit_count(magnitude) * 3 / 10 > maximum_digits)
      give_up("an integer has more than {} digits", maximum_digits);
    return magnitude.str();
  }
  if (base != 2) return magnitude.str(0, base == 16 ? std::ios_base::hex : std::ios_base::oct);
  std::string bits;
  for (size_t i = std::max<size_t>(bit_count(magnitude), 1); i > 0; --i)
    bits += bit_test(magnitude, static_cast<unsigned>(i - 1)) ? '1' : '0';
  return bits;
}

std::string to_digits(const BigInteger& integer) {
  const std::string digits = magnitude_digits(std::make_shared<const BigInteger>(integer), 10);
  return fmt::format("{}{}", integer.value < 0 ? "-" : "", digits);
}

}  // namespace shoal::jinja
