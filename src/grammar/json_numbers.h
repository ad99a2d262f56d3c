// JSON's numbers within limits, as automata over their written form: no exponent, 19 digits before the point
// (or as many as the limits need, up to 100), 20 digits after it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "grammar/dfa.h"
#include "json/value.h"

namespace shoal {

enum class NumberKind : uint8_t { any, integer, fraction };  // fraction: a number that is no integer

struct NumberLimit {
  Value value;  // a number
  bool is_exclusive = false;
};

struct NumberLimits {
  NumberKind kind = NumberKind::any;
  std::vector<NumberLimit> least;
  std::vector<NumberLimit> most;
  std::vector<Value> multiples;  // each above 0
  bool is_limited() const { return !least.empty() || !most.empty() || !multiples.empty(); }
};

// invalid_argument for a limit with too many digits for this form.
Result<void> check_limit(const Value& limit);
// invalid_argument for multiples other than of 1 to 1000, negative powers of ten and the usual fractions of
// 1.
Result<void> check_multiple(const Value& of);

// Whether a number, however it is written, is within the limits. They must have passed the checks above.
bool is_within(const NumberLimits& limits, const Value& number);

// Numbers without limits may have an exponent. The limits must have passed the checks above.
Result<Dfa> number_dfa(const NumberLimits& limits, GrammarBudget& budget);

}  // namespace shoal
