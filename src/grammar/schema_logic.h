// Takes apart what several JSON schemas together say: follows references, joins allOf, and turns anyOf,
// oneOf, not, if and dependencies into alternatives of plain schemas. Knows nothing of how values are
// written.
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

// Schemas that a value must satisfy all together. Each occurs once, in the order of the text; pointers
// identify them.
using Conjunction = std::vector<const Value*>;
// Adds a schema unless it is there already or always satisfied.
void add_schema(const Value* schema, Conjunction& all);

// The plain schemas of one alternative, in the order of the text.
using Schemas = std::vector<const Value*>;

// How oneOf is read: as exactly one. If no value can satisfy the schema so, a oneOf that only says which
// members are required is read as at least one; if even that contradicts the rest, it is ignored.
enum class OneOf : uint8_t { exactly_one, at_least_one, ignored };

// A keyword of a schema; an empty one means the schema itself.
struct SchemaPart {
  const Value* schema = nullptr;
  std::string keyword = {};
};

class SchemaLogic {
 public:
  // The root must outlive this.
  SchemaLogic(const Value& root, OneOf one_of, GrammarBudget& budget);

  // Each alternative is a list of objects, of which only these keywords count: type, enum, const, not_enum,
  // and those about only numbers, strings (with not_pattern), arrays or objects. invalid_argument names a
  // keyword that is wrong or not supported, and its place.
  Result<std::vector<Schemas>> alternatives(const Conjunction& all);

  // invalid_argument: `"keyword" at #/place: what`, or without a keyword "the schema at #/place what". Among
  // several schemas, the one that has the keyword is named.
  std::unexpected<Error> reject(const Value& schema, std::string_view keyword, std::string_view what) const;
  std::unexpected<Error> reject(const Schemas& schemas, std::string_view keyword,
                                std::string_view what) const;

  // The part of the root that was rejected last; empty if there is none.
  const SchemaPart& rejected() const { return rejected_; }
  // True when a reference that leads only to itself was rejected: the schema then says nothing that could be
  // held.
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
  // A schema that exactly the values satisfy that `schema` does not; `asker` is the keyword that needs it.
  Result<const Value*> negated(const Value& schema, const SchemaPart& asker);
  // A schema made by this class; the same one for the same origin and purpose.
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
