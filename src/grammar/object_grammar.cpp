#include "grammar/object_grammar.h"

#include <utility>
#include <vector>

#include "grammar/value_constraints.h"

namespace shoal {
namespace {

// The contents of names that propertyNames allows.
Result<Dfa> allowed_names(const ObjectShape& shape, SchemaContext& context) {
  GrammarBudget& budget = context.builder.budget();
  const Dfa& any = any_contents(TextNotation::quoted);
  if (shape.names.empty()) return any;
  const Result<std::vector<Schemas>> alternatives = context.logic.alternatives(shape.names);
  if (!alternatives) return fail(alternatives.error());
  Result<Dfa> others = any;  // the names that no alternative allows
  for (const Schemas& schemas : *alternatives) {
    const Result<uint8_t> types = types_of(schemas, context.logic);
    if (!types) return fail(types.error());
    if ((*types & string_bit) == 0 || !others) continue;
    const Result<Dfa> own = listed_contents_of(schemas, TextNotation::quoted, context.logic, budget);
    if (!own) return own;
    others = difference(*others, *own, budget);
  }
  return others ? difference(any, *others, budget) : others;
}

Result<Dfa> without_members(const Dfa& names, const ObjectShape& shape, GrammarBudget& budget) {
  std::vector<Expression> known;
  for (const ObjectMember& member : shape.members)
    known.push_back(literal_text(written_contents(member.name)));
  const Result<Dfa> dfa = make_dfa(choice_of(std::move(known)), budget);
  return dfa ? difference(names, *dfa, budget) : dfa;
}

// The names that match the extra's patterns.
Result<Dfa> names_of(const ExtraMembers& extra, const Dfa& names, SchemaContext& context) {
  GrammarBudget& budget = context.builder.budget();
  Result<Dfa> own = names;
  for (const auto& [patterns, is_wanted] :
       {std::pair(&extra.matching, true), std::pair(&extra.other, false)}) {
    for (const std::string& pattern : *patterns) {
      const Result<const Dfa*> dfa = context.patterns.dfa_of(pattern);
      if (!dfa) return fail(dfa.error());
      own = is_wanted ? intersection(*own, **dfa, budget) : difference(*own, **dfa, budget);
      if (!own) return own;
    }
  }
  return own;
}

Result<std::vector<Expression>> make_extras(const ObjectShape& shape, Dfa names, MemberWriter& writer,
                                            SchemaContext& context) {
  const bool is_plain = shape.names.empty() && shape.members.empty();
  if (!shape.members.empty() && !shape.extras.empty()) {
    Result<Dfa> others = without_members(names, shape, context.builder.budget());
    if (!others) return fail(others.error());
    names = *std::move(others);
  }
  std::vector<Expression> extras;
  for (const ExtraMembers& extra : shape.extras) {
    Result<Dfa> own = names_of(extra, names, context);
    if (!own) return fail(own.error());
    const bool is_any = is_plain && extra.matching.empty() && extra.other.empty();
    Result<Expression> name = writer.extra_name({.contents = *std::move(own), .is_any = is_any});
    if (!name) return fail(name.error());
    if (name->kind == ExpressionKind::never) continue;
    Result<Expression> made = writer.extra(*std::move(name), extra.value);
    if (!made) return fail(made.error());
    extras.push_back(*std::move(made));
  }
  return extras;
}

}  // namespace

Result<Expression> make_object(const Schemas& schemas, const ObjectBrackets& brackets, MemberWriter& writer,
                               SchemaContext& context) {
  const Result<ObjectShape> shape = make_object_shape(schemas, context.logic, context.patterns);
  if (!shape) return fail(shape.error());
  Result<Dfa> names = allowed_names(*shape, context);
  if (!names) return fail(names.error());
  WrittenMembers members;
  for (const ObjectMember& member : shape->members) {
    const bool is_allowed = shape->names.empty() || names->matches(written_contents(member.name));
    Result<Expression> made = never();
    if (is_allowed) made = writer.member(member);
    if (!made) return fail(made.error());
    members.named.push_back(*std::move(made));
  }
  Result<std::vector<Expression>> extras = make_extras(*shape, *std::move(names), writer, context);
  if (!extras) return fail(extras.error());
  members.extras = *std::move(extras);
  const bool is_uncertain = !members.extras.empty() && shape->least > std::ssize(shape->members) + 1;
  if (is_uncertain) {
    return context.logic.reject(
        schemas, "minProperties",
        "is not supported above the number of named properties, since other names could repeat");
  }
  return make_object_rules(*shape, members, brackets, context.builder);
}

}  // namespace shoal
