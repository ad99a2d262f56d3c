// What several schemas together say about a string: its length and its contents.
#pragma once

#include <map>
#include <string>

#include "grammar/json_strings.h"
#include "grammar/object_shape.h"

namespace shoal {

struct StringLengths {
  int64_t least = 0;
  int64_t most = Expression::unlimited;
};

Result<StringLengths> string_lengths(const Schemas& schemas, const SchemaLogic& logic);

// Whether the schemas restrict more than the length.
bool has_contents_limit(const Schemas& schemas);

// The contents, between the quotes, of strings that satisfy the schemas, in their one written form.
Result<Dfa> contents_of(const Schemas& schemas, TextNotation notation, const SchemaLogic& logic,
                        GrammarBudget& budget);
// As contents_of(), with enum and const taken into account.
Result<Dfa> listed_contents_of(const Schemas& schemas, TextNotation notation, const SchemaLogic& logic,
                               GrammarBudget& budget);

// Automata of the patterns for names; each is made once.
class NamePatterns final : public PatternMatcher {
 public:
  explicit NamePatterns(GrammarBudget& budget) : budget_(budget) {}

  Result<bool> matches(const std::string& pattern, const std::string& name) override;
  // The automaton of the contents that match the pattern.
  Result<const Dfa*> dfa_of(const std::string& pattern);

 private:
  GrammarBudget& budget_;
  std::map<std::string, Dfa> patterns_;
};

}  // namespace shoal
