// Parses GBNF, the grammar format of llama.cpp: rules `name ::= …` of literals, character classes, groups,
// counts and other rules, beginning at the rule "root".
#pragma once

#include <string_view>

#include "grammar/grammar.h"

namespace shoal {

// invalid_argument with line and column when `source` is no GBNF, or for what GrammarBuilder::build refuses.
Result<Grammar> parse_gbnf(std::string_view source);

}  // namespace shoal
