// Parses patterns as JSON Schema has them (ECMA-262, Unicode mode) into expressions.
#pragma once

#include <string_view>
#include <vector>

#include "grammar/expression.h"

namespace shoal {

// Matches exactly the texts that the pattern matches from first to last character. invalid_argument names
// what is wrong or not supported (look-around, back-references, word borders).
Result<Expression> parse_regex(std::string_view pattern);

struct SearchedPattern {
  // A text that must match too, or must not match.
  struct Ahead {
    Expression text;
    bool is_negative;
  };
  Expression text;
  std::vector<Ahead> ahead;
};

// Matches the texts in which the pattern is found somewhere, as a schema's `pattern` means it. The pattern
// may look ahead right after a ^ at its beginning, as rules for passwords and addresses do.
Result<SearchedPattern> parse_regex_search(std::string_view pattern);

}  // namespace shoal
