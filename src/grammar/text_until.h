// Automata of texts that go on until a mark comes.
#pragma once

#include <vector>

#include "grammar/dfa.h"

namespace shoal {

// Any one character.
Expression any_character();

// Texts of `symbol`s that contain none of the marks.
Result<Dfa> text_without(const std::vector<Expression>& marks, const Expression& symbol,
                         GrammarBudget& budget);
// Texts that end with `mark`, one of the marks, and contain none before it.
Result<Dfa> text_until(const Expression& mark, const std::vector<Expression>& marks, const Expression& symbol,
                       GrammarBudget& budget);

}  // namespace shoal
