// JSON's numbers within limits, as automata over how they are written: without exponent, 19 digits in front
// of the point (or as many as the limits need, up to 100) and 20 behind it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "grammar/dfa.h"
#include "json/value.h"

namespace shoal {

enum class NumberKind : uint8_t { any, integer, fraction };  // fraction: what is no integer

struct NumberLimit {
  Value value;  // a number
  bool is_exclusive = false;
};

struct NumberLimits {
  NumberKind kind = NumberKind::any;
  std::vector<NumberLimit> least;
  std::vector<NumberLimit> most;
  std::vector<Value> multiples;  // of numbers above 0
  bool is_limited() const { return !least.empty() || !most.empty() || !multiples.empty(); }
};

// invalid_argument for limits that are too fine to be written so.
Result<void> check_limit(const Value& limit);
// invalid_argument for multiples other than 1 to 1000, negative powers of ten and the usual parts of 1.
Result<void> check_multiple(const Value& of);

// Whether a number, however it is written, is one of them. The limits and multiples are such as have been
// checked.
bool is_within(const NumberLimits& limits, const Value& number);

// Without limits also with an exponent. The limits and multiples are such as have been checked.
Result<Dfa> number_dfa(const NumberLimits& limits, GrammarBudget& budget);

}  // namespace shoal
