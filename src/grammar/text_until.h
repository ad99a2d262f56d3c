// Texts that go on until a mark comes.
#pragma once

#include <vector>

#include "grammar/dfa.h"

namespace shoal {

// One character.
Expression any_character();

// Texts of the symbols in which none of the marks stands.
Result<Dfa> text_without(const std::vector<Expression>& marks, const Expression& symbol,
                         GrammarBudget& budget);
// Those that end with `mark`, which is among the marks, and have none of them before.
Result<Dfa> text_until(const Expression& mark, const std::vector<Expression>& marks, const Expression& symbol,
                       GrammarBudget& budget);

}  // namespace shoal
