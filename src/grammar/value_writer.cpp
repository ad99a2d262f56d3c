#include "grammar/value_writer.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "grammar/fixed_dfa.h"
#include "grammar/json_strings.h"
#include "grammar/text_until.h"

namespace shoal {
namespace {

// White space is limited, since a model may go on with it for ever.
constexpr std::string_view space = "(?: ?|\\n[ \\t]{0,40})";

}  // namespace

Expression ValueWriter::terminal(Dfa dfa) {
  if (dfa.is_empty()) return never();
  return use_terminal(builder_.add_terminal({.dfa = std::move(dfa)}));
}

Expression ValueWriter::literal(const Value& value) const {
  if (!is_python()) return literal_text(format_json(value));
  if (value.text() != nullptr) return quoted(*value.text());
  if (value.is_null()) return literal_text("None");
  if (const bool* truth = value.boolean()) return literal_text(*truth ? "True" : "False");
  if (value.array() == nullptr && value.object() == nullptr) return literal_text(format_json(value));
  std::vector<Expression> parts;
  const auto add = [&](Expression part) {
    if (!parts.empty()) parts.push_back(literal_text(", "));
    parts.push_back(std::move(part));
  };
  if (const Value::Array* items = value.array()) {
    for (const Value& item : *items) add(literal(item));
  } else {
    for (const auto& [name, member] : *value.object()) {
      add(sequence_of({quoted(name), literal_text(": "), literal(member)}));
    }
  }
  parts.insert(parts.begin(), literal_text(value.array() != nullptr ? "[" : "{"));
  parts.push_back(literal_text(value.array() != nullptr ? "]" : "}"));
  return sequence_of(std::move(parts));
}

Expression ValueWriter::quoted(std::string_view text) const {
  const std::string contents = written_contents(text);
  std::vector<Expression> choices;
  choices.push_back(literal_text(fmt::format("\"{}\"", contents)));
  const bool may_be_single = is_python() && text.find('\'') == std::string_view::npos;
  if (may_be_single) choices.push_back(literal_text(fmt::format("'{}'", contents)));
  return choice_of(std::move(choices));
}

Result<Expression> ValueWriter::quoted(const Dfa& contents) {
  const Result<Dfa> held = without_text_end(contents);
  if (!held) return fail(held.error());
  Expression json = terminal(quoted_contents(*held, StringQuotes::json));
  if (!is_python() || json.kind == ExpressionKind::never) return json;
  return choice_of({std::move(json), terminal(quoted_contents(*held, StringQuotes::python_single))});
}

Result<Expression> ValueWriter::any_text(int64_t least, int64_t most) {
  const std::pair key(least, most);
  if (const auto found = texts_.find(key); found != texts_.end()) return found->second;
  const std::vector<StringQuotes> all =
      is_python() ? std::vector{StringQuotes::python_double, StringQuotes::python_single}
                  : std::vector{StringQuotes::json};
  std::vector<Expression> choices;
  for (const StringQuotes quotes : all) {
    Terminal made = string_terminal(least, most, quotes);
    if (Result<void> changed = leave_out_text_end(made); !changed) return fail(changed.error());
    if (!made.dfa.is_empty()) choices.push_back(use_terminal(builder_.add_terminal(std::move(made))));
  }
  return texts_.emplace(key, choice_of(std::move(choices))).first->second;
}

// The mark that ends a bare value ends it inside quotes too.
Result<Dfa> ValueWriter::without_text_end(const Dfa& strings) {
  if (notation_ == nullptr || notation_->text_end.empty()) return strings;
  const Expression any = repeated(any_character(), 0, Expression::unlimited);
  const Result<Dfa> ended =
      make_dfa(sequence_of({any, literal_text(notation_->text_end), any}), builder_.budget());
  if (!ended) return ended;
  return difference(strings, *ended, builder_.budget());
}

// Counted characters share one state, so instead of the end mark its first character is excluded.
Result<void> ValueWriter::leave_out_text_end(Terminal& made) {
  if (made.dfa.is_empty() || notation_ == nullptr || notation_->text_end.empty()) return {};
  const bool is_counted = made.counted_state != Terminal::not_counted;
  const Result<Dfa> left = is_counted ? difference(made.dfa, fixed_dfa("[^]*<[^]*"), builder_.budget())
                                      : without_text_end(made.dfa);
  if (!left) return fail(left.error());
  made.dfa = *left;
  if (is_counted && !made.dfa.is_empty()) made.counted_state = made.dfa.next(Dfa::start_state, made.closing);
  return {};
}

// A terminal for a pattern of our own.
Expression ValueWriter::own(const std::string& pattern) {
  return use_terminal(builder_.add_terminal({.dfa = fixed_dfa(pattern)}));
}

const Punctuation& ValueWriter::punctuation() {
  if (has_punctuation_) return punctuation_;
  punctuation_ = {.open_array = own(fmt::format("\\[{}", space)),
                  .close_array = own(fmt::format("{}\\]", space)),
                  .open_object = own(fmt::format("\\{{{}", space)),
                  .close_object = own(fmt::format("{}\\}}", space)),
                  .comma = own(fmt::format(",{}", space)),
                  .colon = own(": ?")};
  has_punctuation_ = true;
  return punctuation_;
}

}  // namespace shoal
