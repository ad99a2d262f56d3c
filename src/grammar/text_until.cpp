#include "grammar/text_until.h"

#include <utility>

namespace shoal {
namespace {

Expression in_sequence(std::initializer_list<Expression> parts) { return sequence_of(parts); }

}  // namespace

Expression any_character() { return any_of({{0, last_code_point}}); }

Result<Dfa> text_without(const std::vector<Expression>& marks, const Expression& symbol,
                         GrammarBudget& budget) {
  const Expression any = repeated(symbol, 0, Expression::unlimited);
  const Result<Dfa> all = make_dfa(any, budget);
  const Result<Dfa> marked = make_dfa(in_sequence({any, choice_of(marks), any}), budget);
  if (!all || !marked) return all ? marked : all;
  return difference(*all, *marked, budget);
}

Result<Dfa> text_until(const Expression& mark, const std::vector<Expression>& marks, const Expression& symbol,
                       GrammarBudget& budget) {
  const Expression any = repeated(symbol, 0, Expression::unlimited);
  const Expression more = repeated(symbol, 1, Expression::unlimited);
  const Result<Dfa> ending = make_dfa(in_sequence({any, mark}), budget);
  const Result<Dfa> earlier = make_dfa(in_sequence({any, choice_of(marks), more}), budget);
  if (!ending || !earlier) return ending ? earlier : ending;
  return difference(*ending, *earlier, budget);
}

}  // namespace shoal
