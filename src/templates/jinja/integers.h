// Integers of any size, as Python has them: a Datum holds an int64_t where that is enough, else a BigInteger,
// which is never used for less.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "templates/jinja/budget.h"
#include "templates/jinja/datum.h"

namespace shoal::jinja {

// left operation right for + - * / // % ** of integers. Fails beyond some thousands of digits.
Datum compute_integers(std::string_view operation, const Datum& left, const Datum& right, Budget& budget);

// As Python's int() reads it: spaces around, a sign, underscores between digits, and 0x, 0o, 0b where they
// fit the base (any of them for base 0). Undefined where the text is none.
Datum parse_integer(std::string_view text, int64_t base);

// What is in front of the point; of a finite number.
Datum truncated(double number);

// Exactly, whatever the types; both are numbers and none is NaN.
int compare_numbers(const Datum& left, const Datum& right);

bool is_negative(const BigInteger& integer);
// The nearest; fails where that is infinite.
double to_number(const BigInteger& integer);
// The magnitude's digits: base 2, 8, 10 or 16.
std::string magnitude_digits(const Datum& integer, int base);
std::string to_digits(const BigInteger& integer);

}  // namespace shoal::jinja
