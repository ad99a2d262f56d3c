#include "grammar/fixed_dfa.h"

#include <map>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "grammar/regex.h"

namespace shoal {
namespace {

struct Kept {
  Mutex mutex;
  std::map<std::string, Dfa> automata GUARDED_BY(mutex);
};

}  // namespace

const Dfa& fixed_dfa(const std::string& pattern) {
  static Kept kept;
  MutexLock lock(kept.mutex);
  const auto found = kept.automata.find(pattern);
  if (found != kept.automata.end()) return found->second;
  GrammarBudget budget;
  const Result<Expression> expression = parse_regex(pattern);
  CHECK(expression.has_value());
  Result<Dfa> dfa = make_dfa(*expression, budget);
  CHECK(dfa.has_value());
  return kept.automata.emplace(pattern, *std::move(dfa)).first->second;
}

}  // namespace shoal
