#include "grammar/schema_rule_table.h"

#include <algorithm>

namespace shoal {

int32_t SchemaRules::rule_of(Conjunction conjunction) {
  std::erase_if(conjunction, [](const Value* schema) {
    return (schema->boolean() != nullptr && *schema->boolean()) ||
           (schema->object() != nullptr && schema->object()->empty());
  });
  // Addresses only tell which schemas are the same; a grammar must not depend on where its schema lies in
  // memory.
  Conjunction key = conjunction;
  std::ranges::sort(key);
  const auto found = rules_.find(key);
  if (found != rules_.end()) return found->second;
  const int32_t rule = builder_.add_rule("of the schema");
  rules_.emplace(std::move(key), rule);
  pending_.emplace_back(rule, std::move(conjunction));
  return rule;
}

std::optional<std::pair<int32_t, Conjunction>> SchemaRules::take_pending() {
  if (pending_.empty()) return std::nullopt;
  std::pair<int32_t, Conjunction> taken = std::move(pending_.back());
  pending_.pop_back();
  return taken;
}

}  // namespace shoal
