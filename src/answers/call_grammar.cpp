#include "answers/call_grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "answers/tool_set.h"
#include "grammar/json_schema.h"

namespace shoal {
namespace {

Expression any_number() {
  constexpr int64_t maximum_digits = 4;
  return repeated(any_of({{'0', '9'}}), 1, maximum_digits);
}

// The ends without their line break, which may belong to the value or not.
std::vector<std::string> other_ends(const TagNotation& tags) {
  std::vector<std::string> ends = value_ends_of(tags);
  for (std::string& end : ends) end.erase(0, end.starts_with('\n') ? 1 : 0);
  return ends;
}

struct NotationMaker {
  const MarkWriter& marks;
  const std::function<ParameterKind(const std::string&)>& kind_of;

  // In these notations the arguments are one JSON object.
  std::optional<ArgumentNotation> operator()(const JsonNotation&) const { return std::nullopt; }
  std::optional<ArgumentNotation> operator()(const HeaderNotation&) const { return std::nullopt; }
  std::optional<ArgumentNotation> operator()(const PythonNotation&) const {
    return ArgumentNotation{.values = ValueNotation::python,
                            .key_pattern = "[A-Za-z0-9_]+",
                            .between = marks.write(", "),
                            .before_key = empty_text(),
                            .after_key = literal_text("="),
                            .after_value = empty_text()};
  }
  std::optional<ArgumentNotation> operator()(const TagNotation& tags) const {
    std::vector<Expression> after_key;
    after_key.push_back(marks.mark(tags.after_key));
    if (!tags.before_value.empty()) {
      after_key.push_back(some_space());
      after_key.push_back(marks.mark(tags.before_value));
    }
    return ArgumentNotation{.values = tags.has_python_values ? ValueNotation::python : ValueNotation::json,
                            .key_pattern = "[^<>\"\\s](?:[^<>\"\\n\\r\\t]*[^<>\"\\s])?",
                            .between = empty_text(),
                            .before_key = sequence_of({some_space(), marks.mark(tags.before_key)}),
                            .after_key = sequence_of(std::move(after_key)),
                            .has_lines = tags.has_lines,
                            .after_value = marks.mark(tags.after_value),
                            .text_end = std::string(tags.after_value),
                            .other_ends = other_ends(tags),
                            .kind_of = kind_of};
  }
};

// The writing of a call reduced to its object: {"name": …}.
CallWriting without_marks(const CallWriting& writing) {
  CallWriting bare = writing;
  bare.before_name.remove_prefix(bare.before_name.find('{'));
  bare.after_arguments = bare.after_arguments.substr(0, bare.after_arguments.find('}') + 1);
  return bare;
}

}  // namespace

Result<std::vector<HeldFunction>> held_functions(const ToolUse& tools) {
  std::vector<HeldFunction> functions;
  if (tools.choice == ToolChoice::none || tools.functions.empty()) return functions;
  const Result<Value> given = parse_json(tools.functions);
  if (!given) return fail(given.error(), "tools");
  if (given->array() == nullptr) return fail(ErrorCode::invalid_argument, "tools: no list");
  for (const Value& tool : *given->array()) {
    const Value* function = tool.find("function");
    const Value* name = function == nullptr ? nullptr : function->find("name");
    if (name == nullptr || name->text() == nullptr || !is_call_name(*name->text())) continue;
    if (tools.choice == ToolChoice::named && *name->text() != tools.function) continue;
    const Value* parameters = function->find("parameters");
    const Value* strict = function->find("strict");
    HeldFunction held{.name = *name->text(),
                      .parameters = Value::Object{{"type", "object"}, {"properties", Value::Object{}}}};
    if (parameters != nullptr && !parameters->is_null()) held.parameters = *parameters;
    held.is_strict = strict != nullptr && strict->boolean() != nullptr && *strict->boolean();
    held.is_held = held.is_strict || tools.choice != ToolChoice::automatic;
    functions.push_back(std::move(held));
  }
  return functions;
}

CallGrammar::CallGrammar(const AnswerForm& form, const MarkWriter& marks, GrammarBuilder& builder)
    : form_(form), format_(call_format(form.format.calls)), marks_(marks), builder_(builder) {}

Result<void> CallGrammar::add_functions(const std::vector<HeldFunction>& functions) {
  for (const HeldFunction& function : functions) {
    const Result<int32_t> rule = arguments_rule(function);
    if (!rule) return fail(rule.error(), fmt::format("tools: function \"{}\"", function.name));
    functions_.emplace_back(function.name, *rule);
  }
  return {};
}

Result<int32_t> CallGrammar::arguments_rule(const HeldFunction& function) {
  const ToolSet tools(Value::Array{Value::Object{
      {"function", Value::Object{{"name", function.name}, {"parameters", function.parameters}}}}});
  const std::function<ParameterKind(const std::string&)> kind_of = [&](const std::string& parameter) {
    return tools.kind_of(function.name, parameter);
  };
  std::optional<ArgumentNotation> notation;
  if (!format_.openers.empty()) {
    notation = std::visit(NotationMaker{marks_, kind_of}, format_.openers.front().notation);
  }
  const ArgumentNotation* const written = notation ? &*notation : nullptr;
  static const Value any_object = Value::Object{{"type", "object"}};
  Result<Grammar> grammar = compile_arguments(function.is_held ? function.parameters : any_object, written,
                                              function.is_strict ? Holding::whole : Holding::what_can_be);
  if (!grammar) return fail(grammar.error());
  return builder_.add_grammar(*std::move(grammar));
}

Expression CallGrammar::named(const Expression& before_name, const Expression& after_name) const {
  std::vector<Expression> choices;
  for (const auto& [name, arguments] : functions_) {
    choices.push_back(sequence_of({literal_text(name), after_name, use_rule(arguments)}));
  }
  return sequence_of({before_name, choice_of(std::move(choices))});
}

Expression CallGrammar::call_rest(const CallWriting& writing, const Expression& number) const {
  const Expression id = optional_id();
  return sequence_of({named(empty_text(), marks_.write(writing.after_name, number, id)),
                      marks_.write(writing.after_arguments, number, id)});
}

Expression CallGrammar::optional_id() const {
  constexpr int64_t maximum_length = 32;
  const Expression id = repeated(any_of({{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}), 1, maximum_length);
  const CallWriting& writing = format_.writing;
  return repeated(sequence_of({marks_.write(writing.id_begin), id, marks_.write(writing.id_end)}), 0, 1);
}

Expression CallGrammar::calls(std::string_view before_first_name) const {
  const CallWriting& writing = format_.writing;
  std::vector<Expression> parts;
  parts.push_back(marks_.write(before_first_name));
  parts.push_back(call_rest(writing, literal_text(fmt::format("{}", form_.calls_before))));
  if (form_.tools.is_parallel) {
    parts.push_back(repeated(sequence_of({marks_.write(writing.between), marks_.write(writing.before_name),
                                          call_rest(writing, any_number())}),
                             0, Expression::unlimited));
  }
  return sequence_of(std::move(parts));
}

Expression CallGrammar::section() const { return section_behind({}); }

Expression CallGrammar::section_behind(std::string_view beginning) const {
  const CallWriting& writing = format_.writing;
  return sequence_of({marks_.write(writing.section_begin.substr(beginning.size())),
                      calls(writing.before_name), marks_.write(writing.section_end)});
}

Expression CallGrammar::behind(const CallOpener& opener) const {
  const CallWriting& writing = format_.writing;
  // If the writing does not use this marker, the usual marker takes its place.
  std::string_view marker = opener.marker;
  const auto is_there = [&] {
    return writing.section_begin.find(marker) != std::string_view::npos ||
           writing.before_name.find(marker) != std::string_view::npos;
  };
  if (!is_there()) marker = format_.openers.front().marker;
  if (!is_there()) return sequence_of({some_space(), section()});
  if (const size_t at = writing.section_begin.find(marker); at != std::string_view::npos) {
    return section_behind(writing.section_begin.substr(0, at + marker.size()));
  }
  const size_t at = writing.before_name.find(marker) + marker.size();
  return sequence_of({marks_.write(writing.before_name.substr(at)), call_rest(writing, any_number())});
}

Expression CallGrammar::bare(const CallOpener& opener) const {
  if (std::holds_alternative<PythonNotation>(opener.notation)) return section();
  const CallWriting writing = without_marks(format_.writing);
  if (!writing.before_name.starts_with(opener.replayed))
    return never();  // a list: it is read, but not written
  std::vector<Expression> parts;
  if (opener.marker != opener.replayed) parts.push_back(marks_.write(opener.marker));
  parts.push_back(some_space());
  parts.push_back(marks_.write(writing.before_name));
  parts.push_back(call_rest(writing, empty_text()));
  return sequence_of(std::move(parts));
}

}  // namespace shoal
