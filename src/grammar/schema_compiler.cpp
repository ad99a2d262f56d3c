#include "grammar/schema_compiler.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "grammar/array_rules.h"
#include "grammar/schema_numbers.h"
#include "grammar/value_constraints.h"

namespace shoal {

Result<Grammar> SchemaCompiler::build(int32_t root) {
  while (const auto pending = context_.rules.take_pending()) {
    Result<Expression> body = body_of(pending->second);
    if (!body) return fail(body.error());
    context_.builder.define(pending->first, *std::move(body));
  }
  return context_.builder.build(root);
}

Result<Expression> SchemaCompiler::body_of(const Conjunction& conjunction) {
  const Result<std::vector<Schemas>> alternatives = context_.logic.alternatives(conjunction);
  if (!alternatives) return fail(alternatives.error());
  std::vector<Expression> choices;
  for (const Schemas& schemas : *alternatives) {
    if (Result<void> added = add_alternative(schemas, choices); !added) return fail(added.error());
  }
  return choice_of(std::move(choices));
}

Result<void> SchemaCompiler::add_alternative(const Schemas& schemas, std::vector<Expression>& choices) {
  if (Result<void> paid = context_.builder.budget().take(100, "the schema"); !paid) return paid;
  const Result<uint8_t> types = types_of(schemas, context_.logic);
  if (!types) return fail(types.error());
  if (have_list(schemas)) return add_listed(schemas, *types, choices);
  if ((*types & null_bit) != 0 && !is_excluded(schemas, Value()))
    choices.push_back(context_.writer.literal(Value()));
  for (const bool truth : {true, false}) {
    if ((*types & boolean_bit) != 0 && !is_excluded(schemas, truth))
      choices.push_back(context_.writer.literal(truth));
  }
  using Maker = Result<Expression> (SchemaCompiler::*)(const Schemas&, uint8_t);
  constexpr std::pair<int, Maker> makers[] = {{integer_bit | fraction_bit, &SchemaCompiler::number},
                                              {string_bit, &SchemaCompiler::text},
                                              {array_bit, &SchemaCompiler::array},
                                              {object_bit, &SchemaCompiler::object}};
  for (const auto& [bits, make] : makers) {
    if ((*types & bits) == 0) continue;
    Result<Expression> made = (this->*make)(schemas, *types);
    if (!made) return fail(made.error());
    if (made->kind != ExpressionKind::never) choices.push_back(*std::move(made));
  }
  return {};
}

Result<void> SchemaCompiler::add_listed(const Schemas& schemas, uint8_t types,
                                        std::vector<Expression>& choices) {
  const Result<Value::Array> values = listed_values(schemas, context_.logic);
  if (!values) return fail(values.error());
  for (const Value& value : *values) {
    if ((type_of(value) & types) == 0 || is_excluded(schemas, value)) continue;
    const Result<bool> allowed = allows(schemas, value);
    if (!allowed) return fail(allowed.error());
    if (*allowed) choices.push_back(context_.writer.literal(written_shortest(value)));
  }
  return {};
}

// Whether a listed value satisfies the schemas' other keywords.
Result<bool> SchemaCompiler::allows(const Schemas& schemas, const Value& value) {
  GrammarBudget& budget = context_.builder.budget();
  if (holds_number(value)) {
    const Result<NumberLimits> limits = number_limits(schemas, all_bits, context_.logic);
    if (!limits) return fail(limits.error());
    return is_within(*limits, value);
  }
  if (value.text() != nullptr) {
    const Result<Dfa> dfa = contents_of(schemas, TextNotation::quoted, context_.logic, budget);
    if (!dfa) return fail(dfa.error());
    return dfa->matches(written_contents(*value.text()));
  }
  for (const Value* schema : schemas) {
    for (const char* keyword :
         {"items", "prefixItems", "minItems", "maxItems", "contains", "properties", "required",
          "patternProperties", "additionalProperties", "propertyNames", "minProperties", "maxProperties"}) {
      const bool is_about_array =
          std::string_view(keyword).ends_with("tems") || std::string_view(keyword) == "contains";
      const bool is_about = is_about_array ? value.array() != nullptr : value.object() != nullptr;
      if (is_about && schema->find(keyword) != nullptr) {
        return context_.logic.reject(*schema, keyword, "is not supported beside a list of arrays or objects");
      }
    }
  }
  return true;
}

Result<Expression> SchemaCompiler::number(const Schemas& schemas, uint8_t types) {
  const Result<NumberLimits> limits = number_limits(schemas, types, context_.logic);
  if (!limits) return fail(limits.error());
  for (const Value* schema : schemas) {
    if (std::ranges::any_of(excluded_values(*schema), holds_number)) {
      return context_.logic.reject(*schema, "not", "excluding numbers by enum or const is not supported");
    }
  }
  const auto key = static_cast<int32_t>(limits->kind);
  if (!limits->is_limited()) {
    if (const auto found = numbers_.find(key); found != numbers_.end()) return use_terminal(found->second);
  }
  Result<Dfa> dfa = number_dfa(*limits, context_.builder.budget());
  if (!dfa) return fail(dfa.error());
  Expression made = context_.writer.terminal(*std::move(dfa));
  if (!limits->is_limited()) numbers_.emplace(key, made.index);
  return made;
}

Result<Expression> SchemaCompiler::text(const Schemas& schemas, uint8_t) {
  if (has_contents_limit(schemas)) {
    const Result<Dfa> dfa =
        contents_of(schemas, TextNotation::quoted, context_.logic, context_.builder.budget());
    if (!dfa) return fail(dfa.error());
    return context_.writer.quoted(*dfa);
  }
  const Result<StringLengths> lengths = string_lengths(schemas, context_.logic);
  if (!lengths) return fail(lengths.error());
  return context_.writer.any_text(lengths->least, lengths->most);
}

Result<Expression> SchemaCompiler::array(const Schemas& schemas, uint8_t) {
  const Result<ArrayShape> shape = make_array_shape(schemas, context_.logic);
  if (!shape) return fail(shape.error());
  const Punctuation& marks = context_.writer.punctuation();
  return make_array_rules(*shape,
                          {.open = marks.open_array, .close = marks.close_array, .comma = marks.comma},
                          context_.rules, context_.builder);
}

Result<Expression> SchemaCompiler::object(const Schemas& schemas, uint8_t) {
  const Punctuation& marks = context_.writer.punctuation();
  return make_object(schemas, {.open = marks.open_object, .close = marks.close_object, .comma = marks.comma},
                     *this, context_);
}

Result<Expression> SchemaCompiler::member(const ObjectMember& member) {
  return extra(context_.writer.quoted(member.name), member.value);
}

Result<Expression> SchemaCompiler::extra_name(const NameSet& names) {
  return names.is_any ? context_.writer.any_text(0, Expression::unlimited)
                      : context_.writer.quoted(names.contents);
}

Result<Expression> SchemaCompiler::extra(Expression name, const Conjunction& value) {
  std::vector<Expression> parts;
  parts.push_back(std::move(name));
  parts.push_back(context_.writer.punctuation().colon);
  parts.push_back(use_rule(context_.rules.rule_of(value)));
  return sequence_of(std::move(parts));
}

}  // namespace shoal
