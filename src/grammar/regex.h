// Patterns as JSON Schema has them (ECMA-262, Unicode mode) → an expression.
#pragma once

#include <string_view>
#include <vector>

#include "grammar/expression.h"

namespace shoal {

// Matches exactly the texts that the pattern matches from their first character to their last.
// invalid_argument that names what is wrong or cannot be done (look-around, back-references, word borders).
Result<Expression> parse_regex(std::string_view pattern);

struct SearchedPattern {
  // Of the texts too that `text` matches, or of those that it does not.
  struct Ahead {
    Expression text;
    bool is_negative;
  };
  Expression text;
  std::vector<Ahead> ahead;
};

// Matches the texts in which the pattern is found somewhere: what `pattern` means in a schema. It may look
// ahead right behind a ^ at its beginning, as rules for passwords and addresses do.
Result<SearchedPattern> parse_regex_search(std::string_view pattern);

}  // namespace shoal
