// What schemas together say about a string: how long it is, and which contents it may have.
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

// Whether there is more than its length to be looked at.
bool has_contents_limit(const Schemas& schemas);

// What strings that satisfy the schemas have between the quotes, in their one way to be written.
Result<Dfa> contents_of(const Schemas& schemas, TextNotation notation, const SchemaLogic& logic,
                        GrammarBudget& budget);
// contents_of(), with enum and const.
Result<Dfa> listed_contents_of(const Schemas& schemas, TextNotation notation, const SchemaLogic& logic,
                               GrammarBudget& budget);

// The patterns of names, each made once.
class NamePatterns final : public PatternMatcher {
 public:
  explicit NamePatterns(GrammarBudget& budget) : budget_(budget) {}

  Result<bool> matches(const std::string& pattern, const std::string& name) override;
  // Of contents.
  Result<const Dfa*> dfa_of(const std::string& pattern);

 private:
  GrammarBudget& budget_;
  std::map<std::string, Dfa> patterns_;
};

}  // namespace shoal
