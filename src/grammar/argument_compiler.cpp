#include "grammar/argument_compiler.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "grammar/fixed_dfa.h"
#include "grammar/text_until.h"
#include "grammar/value_constraints.h"

namespace shoal {
namespace {

constexpr std::string_view has_outer_line = "\\n[^]*|[^]*\\n";

// Bare texts that the reader may take for a value of another type.
constexpr std::string_view looks_like_json =
    "[ \\t\\r\\n]*(?:[-0-9\\[{][^]*|(?:true|false|null|True|False|None)[ \\t\\r\\n]*)";

Conjunction conjunction_of(Conjunction all, const Value& schema) {
  add_schema(&schema, all);
  return all;
}

}  // namespace

Result<int32_t> ArgumentCompiler::rule_of(const Value& schema) {
  static const Value object_schema = Value::Object{{"type", "object"}};
  const Result<std::vector<Schemas>> alternatives =
      context_.logic.alternatives(conjunction_of({&schema}, object_schema));
  if (!alternatives) return fail(alternatives.error());
  const ObjectBrackets brackets{.open = empty_text(), .close = empty_text(), .comma = notation_.between};
  std::vector<Expression> choices;
  for (const Schemas& schemas : *alternatives) {
    const Result<uint8_t> types = types_of(schemas, context_.logic);
    if (!types) return fail(types.error());
    if ((*types & object_bit) == 0) continue;
    for (const Value* part : schemas) {
      for (const char* keyword : {"enum", "const"}) {
        if (part->find(keyword) != nullptr)
          return context_.logic.reject(*part, keyword, "is not supported for all arguments together");
      }
    }
    Result<Expression> made = make_object(schemas, brackets, *this, context_);
    if (!made) return fail(made.error());
    choices.push_back(*std::move(made));
  }
  const int32_t rule = context_.builder.add_rule("of the arguments");
  context_.builder.define(rule, choice_of(std::move(choices)));
  return rule;
}

Result<Expression> ArgumentCompiler::member(const ObjectMember& member) {
  if (!fixed_dfa(notation_.key_pattern).matches(member.name)) return never();
  const ParameterKind kind = notation_.kind_of ? notation_.kind_of(member.name) : ParameterKind::unknown;
  return argument(literal_text(member.name), kind, member.value);
}

Result<Expression> ArgumentCompiler::extra_name(const NameSet& names) {
  Result<Dfa> own = intersection(names.contents, fixed_dfa(notation_.key_pattern), context_.builder.budget());
  if (!own) return fail(own.error());
  return context_.writer.terminal(*std::move(own));
}

// The reader knows no schema for such a value, so it decides by its look.
Result<Expression> ArgumentCompiler::extra(Expression name, const Conjunction& value) {
  return argument(std::move(name), ParameterKind::unknown, value);
}

Result<Expression> ArgumentCompiler::argument(Expression key, ParameterKind kind, const Conjunction& value) {
  std::vector<Expression> parts;
  parts.push_back(notation_.before_key);
  parts.push_back(std::move(key));
  parts.push_back(notation_.after_key);
  Result<Expression> written =
      notation_.text_end.empty() ? use_rule(context_.rules.rule_of(value)) : bare_value(kind, value);
  if (!written || written->kind == ExpressionKind::never) return written;
  parts.push_back(*std::move(written));
  if (notation_.text_end.empty()) parts.push_back(notation_.after_value);
  return sequence_of(std::move(parts));
}

// A value and its end, as the reader will take it: texts have no quotes, and what looks like JSON may be
// taken as such.
Result<Expression> ArgumentCompiler::bare_value(ParameterKind kind, const Conjunction& value) {
  static const Value null = Value::Object{{"type", "null"}};
  static const Value text_schema = Value::Object{{"type", "string"}};
  static const Value not_text =
      Value::Object{{"type", Value::Array{"null", "boolean", "number", "array", "object"}}};
  static const Value word_schema = Value::Object{{"type", Value::Array{"null", "boolean", "number"}}};
  std::vector<Expression> choices;
  if (kind != ParameterKind::text) {
    // The reader takes Python's lists for lists only when the parameter can be nothing else.
    const bool is_word = context_.writer.is_python() && kind != ParameterKind::other;
    const Value& other = kind == ParameterKind::text_or_null ? null : is_word ? word_schema : not_text;
    const Conjunction held = conjunction_of(value, other);
    choices.push_back(within_lines(use_rule(context_.rules.rule_of(held))));
    if (Result<void> added = add_words(held, choices); !added) return fail(added.error());
  }
  if (kind == ParameterKind::other) return choice_of(std::move(choices));
  const bool is_mixed = kind == ParameterKind::unknown || kind == ParameterKind::either;
  const Result<std::vector<Schemas>> alternatives =
      context_.logic.alternatives(conjunction_of(value, text_schema));
  if (!alternatives) return fail(alternatives.error());
  for (const Schemas& schemas : *alternatives) {
    const bool may_be_anything = is_mixed && value.empty();
    Result<Expression> made = bare_text(schemas, is_mixed && !may_be_anything);
    if (!made) return fail(made.error());
    if (made->kind != ExpressionKind::never) choices.push_back(*std::move(made));
  }
  return choice_of(std::move(choices));
}

// Templates write true, false and null both as JSON and as Python, and so do models.
Result<void> ArgumentCompiler::add_words(const Conjunction& value, std::vector<Expression>& choices) {
  struct Word {
    const char* json;
    const char* python;
    Value schema;
  };
  static const std::array<Word, 3> word_values{{{"true", "True", Value::Object{{"const", true}}},
                                                {"false", "False", Value::Object{{"const", false}}},
                                                {"null", "None", Value::Object{{"const", Value()}}}}};
  for (const auto& [json, python, schema] : word_values) {
    const Result<Expression> possible = values_.body_of(conjunction_of(value, schema));
    if (!possible) return fail(possible.error());
    if (possible->kind == ExpressionKind::never) continue;
    choices.push_back(within_lines(literal_text(context_.writer.is_python() ? json : python)));
  }
  return {};
}

Expression ArgumentCompiler::within_lines(Expression value) const {
  const Expression line = notation_.has_lines ? repeated(literal_text("\n"), 0, 1) : empty_text();
  return sequence_of({line, std::move(value), line, notation_.after_value});
}

Result<Expression> ArgumentCompiler::bare_text(const Schemas& schemas, bool is_mixed) {
  const Result<uint8_t> types = types_of(schemas, context_.logic);
  if (!types) return fail(types.error());
  if ((*types & string_bit) == 0) return never();
  GrammarBudget& budget = context_.builder.budget();
  const Result<StringLengths> lengths = string_lengths(schemas, context_.logic);
  if (!lengths) return fail(lengths.error());
  constexpr int64_t maximum_length = 500;  // longer texts are not restricted
  const bool is_long = lengths->least > maximum_length || lengths->most > maximum_length;
  const bool is_free = !have_list(schemas) && !has_contents_limit(schemas) &&
                       (is_long || (lengths->least == 0 && lengths->most == Expression::unlimited));
  std::vector<Expression> ends{literal_text(notation_.text_end)};
  for (const std::string& end : notation_.other_ends) ends.push_back(literal_text(end));
  const Result<Dfa> without_end = text_without(ends, any_character(), budget);
  if (!without_end) return fail(without_end.error());
  if (is_free && !is_mixed)
    return sequence_of({context_.writer.terminal(*without_end), notation_.after_value});
  Result<Dfa> texts =
      is_free ? without_end : listed_contents_of(schemas, TextNotation::bare, context_.logic, budget);
  if (texts && !is_free) texts = intersection(*texts, *without_end, budget);
  if (texts && notation_.has_lines)
    texts = difference(*texts, fixed_dfa(std::string(has_outer_line)), budget);
  if (texts && is_mixed) texts = difference(*texts, fixed_dfa(std::string(looks_like_json)), budget);
  if (!texts) return fail(texts.error());
  Expression made = context_.writer.terminal(*std::move(texts));
  return made.kind == ExpressionKind::never ? made : within_lines(std::move(made));
}

}  // namespace shoal
