// The grammar's rules that stand for schemas. A rule is made when it is first asked for and defined later.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "grammar/grammar.h"
#include "grammar/schema_logic.h"

namespace shoal {

class SchemaRules {
 public:
  explicit SchemaRules(GrammarBuilder& builder) : builder_(builder) {}

  // The same schemas together get the same rule, so that recursion ends.
  int32_t rule_of(Conjunction conjunction);

  // A rule that must still be defined; nullopt when there is none.
  std::optional<std::pair<int32_t, Conjunction>> take_pending();

 private:
  GrammarBuilder& builder_;
  std::map<Conjunction, int32_t> rules_;  // keys are sorted by address
  std::vector<std::pair<int32_t, Conjunction>> pending_;
};

}  // namespace shoal
