// What several JSON schemas together say, taken apart: references followed, allOf joined, anyOf, oneOf, not,
// if and dependencies turned into alternatives of plain schemas. Knows nothing of how values are written.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grammar/expression.h"
#include "grammar/schema_keywords.h"
#include "grammar/schema_references.h"
#include "json/value.h"

namespace shoal {

// A value must satisfy all of them. Each once, in the order of the text; the pointers say which schema.
using Conjunction = std::vector<const Value*>;
// One that is always satisfied is left out.
void add_schema(const Value* schema, Conjunction& all);

// Those of one alternative, in the order of the text.
using Schemas = std::vector<const Value*>;

// How oneOf is read: exactly one. Where no value could satisfy the schema so, those oneOf that only say which
// members are required are read as at least one; and where even that contradicts the rest, not at all.
enum class OneOf : uint8_t { exactly_one, at_least_one, ignored };

// A keyword of a schema; empty: the schema itself.
struct SchemaPart {
  const Value* schema = nullptr;
  std::string keyword = {};
};

class SchemaLogic {
 public:
  // The root outlives this.
  SchemaLogic(const Value& root, OneOf one_of, GrammarBudget& budget);

  // Every alternative is a list of objects, of which only these keywords are to be looked at: type, enum,
  // const, not_enum; of numbers, strings (with not_pattern), arrays and objects the assertions about them
  // alone. invalid_argument that names a keyword which is wrong or not supported, and where it stands.
  Result<std::vector<Schemas>> alternatives(const Conjunction& all);

  // "keyword … at … : what". Of several schemas the one that has the keyword is named.
  std::unexpected<Error> reject(const Value& schema, std::string_view keyword, std::string_view what) const;
  std::unexpected<Error> reject(const Schemas& schemas, std::string_view keyword,
                                std::string_view what) const;

  // What was rejected last, a part of the root; none yet, or it is no part of it.
  const SchemaPart& rejected() const { return rejected_; }
  // A reference that leads only to itself has been rejected: then the schema says nothing that could be held.
  bool has_cycle() const { return has_cycle_; }

 private:
  using Choice = std::vector<Conjunction>;
  struct Made {
    Value schema;
    SchemaPart asker;
  };
  struct Parts {
    std::set<const Value*> seen;
    Schemas plain;
    std::vector<Choice> choices;
    bool is_impossible = false;
  };

  Result<void> add(const Value& schema, Parts& parts, int depth);
  Result<void> add_member(const Value& schema, const Value::Member& member, Parts& parts, int depth);
  Result<void> add_if(const Value& schema, Parts& parts);
  Result<void> add_dependencies(const Value& schema, const Value::Member& member, Parts& parts);
  Result<Choice> one_of(const Value& schema, const Value::Array& branches);
  Result<void> expand(Parts parts, std::vector<Schemas>& found);
  Result<const Value*> resolve(const Value& schema, const std::string& reference) const;
  // A schema that nothing but its negation satisfies; `asker` is the keyword that needs it.
  Result<const Value*> negated(const Value& schema, const SchemaPart& asker);
  // A schema made here, one for each pair.
  const Value& made(const Value* origin, const std::string& purpose, Value schema, const SchemaPart& asker);
  bool are_apart(const Value& a, const Value& b) const;
  std::optional<SchemaPart> in_root(const SchemaPart& part) const;

  const Value& root_;
  const OneOf one_of_;
  GrammarBudget& budget_;
  SchemaReferences references_;
  std::map<std::pair<const Value*, std::string>, Made> made_;
  std::map<const Value*, const Value*> negated_;
  mutable SchemaPart rejected_;
  bool has_cycle_ = false;
};

}  // namespace shoal
