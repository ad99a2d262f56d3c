// Integers of any size, as Python has them. A Datum holds an int64_t where that is enough, and a BigInteger
// only where it is not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "templates/jinja/budget.h"
#include "templates/jinja/datum.h"

namespace shoal::jinja {

// `left operation right` for + - * / // % ** of integers. Throws Failure beyond some thousands of digits.
Datum compute_integers(std::string_view operation, const Datum& left, const Datum& right, Budget& budget);

// Reads an integer as Python's int() does: with spaces around, a sign, underscores between digits, and the
// prefix 0x, 0o or 0b if it fits the base (any for base 0). Undefined when `text` is no integer.
Datum parse_integer(std::string_view text, int64_t base);

// The part before the point; `number` is finite.
Datum truncated(double number);

// -1, 0 or 1, exact whatever the types; both are numbers and neither is NaN.
int compare_numbers(const Datum& left, const Datum& right);

bool is_negative(const BigInteger& integer);
// The nearest double; throws Failure when that is infinite.
double to_number(const BigInteger& integer);
// The digits of the magnitude in base 2, 8, 10 or 16.
std::string magnitude_digits(const Datum& integer, int base);
std::string to_digits(const BigInteger& integer);

}  // namespace shoal::jinja
