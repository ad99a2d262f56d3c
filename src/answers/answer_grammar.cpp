#include "answers/answer_grammar.h"

#include <algorithm>
#include <utility>

#include "answers/call_grammar.h"
#include "answers/channel_answer.h"
#include "answers/mark_writer.h"
#include "base/check.h"
#include "grammar/regex.h"
#include "grammar/text_until.h"

namespace shoal {
namespace {

// What comes before `"name"` where a reader without a mark may still find a call, also in a list and with two
// braces.
constexpr std::string_view before_key = R"(\s*(?:\[\s*)?\{\s*(?:\{\s*)?")";
// Members that may come first in such a call; a name counts only if it is a tool's.
constexpr std::string_view first_keys = R"((?:arguments"|parameters"|[^"\\]*\\|type"\s*:\s*"function"))";
constexpr std::string_view before_name = R"(name"\s*:\s*")";
constexpr std::string_view escaped_name = R"([^"\\]*\\)";

Expression pattern(std::string_view source) {
  Result<Expression> parsed = parse_regex(source);
  CHECK(parsed.has_value());
  return *std::move(parsed);
}

Expression any_number_of(Expression part) { return repeated(std::move(part), 0, Expression::unlimited); }

class AnswerCompiler {
 public:
  AnswerCompiler(const AnswerForm& form, const Tokenizer& tokenizer)
      : form_(form),
        format_(call_format(form.format.calls)),
        thinking_(thinking_marks(form.format.thinking)),
        marks_(form.format, tokenizer),
        calls_(form_, marks_, builder_),
        must_call_(form.tools.choice == ToolChoice::required || form.tools.choice == ToolChoice::named) {}

  Result<std::optional<Grammar>> compile() {
    const Result<std::vector<HeldFunction>> functions = held_functions(form_.tools);
    if (!functions) return fail(functions.error());
    has_output_ = form_.output.kind != OutputKind::free_text;
    has_calls_ = !functions->empty();
    if (must_call_ && !has_calls_)
      return fail(ErrorCode::invalid_argument, "tools: there is no function to call");
    functions_ = *functions;
    const bool is_held = std::ranges::any_of(functions_, &HeldFunction::is_held);
    if (!is_held && !has_output_) return std::nullopt;
    if (Result<void> added = calls_.add_functions(functions_); !added) return fail(added.error());
    const int32_t root = builder_.add_rule("of the answer");
    Result<Expression> answer = form_.format.calls == CallStyle::harmony ? channels() : marked_answer();
    if (!answer) return fail(answer.error());
    builder_.define(root, *std::move(answer));
    Result<Grammar> grammar = builder_.build(root);
    if (!grammar) return fail(grammar.error());
    return std::optional(*std::move(grammar));
  }

 private:
  Result<Expression> terminal(Result<Dfa> dfa) {
    if (!dfa) return fail(dfa.error());
    if (dfa->is_empty()) return never();
    return use_terminal(builder_.add_terminal({.dfa = *std::move(dfa)}));
  }

  Result<Expression> content() {
    Result<Grammar> grammar = compile_output_format(form_.output);
    if (!grammar) return fail(grammar.error(), "the output's grammar");
    return use_rule(builder_.add_grammar(*std::move(grammar)));
  }

  Result<Expression> marked_answer() {
    Result<Expression> made = answer();
    if (!made) return made;
    answer_ = builder_.add_rule("of the answer");
    builder_.define(answer_, *std::move(made));
    if (form_.thinking == ThinkingState::none) return use_rule(answer_);
    Result<Expression> behind = behind_thinking_mark();
    if (!behind || form_.thinking == ThinkingState::open) return behind;
    // A model may also end thinking that it has not begun.
    const Expression open = choice_of(marks_.readings(thinking_.open));
    const Expression close = choice_of(marks_.readings(thinking_.close));
    return choice_of({use_rule(answer_), sequence_of({some_space(), open, *std::move(behind)}),
                      sequence_of({some_space(), close, behind_end_of_thinking(thinking_.close)})});
  }

  Result<Expression> behind_thinking_mark() {
    const bool ends_at_calls = format_.calls_end_thinking && has_calls_;
    std::vector<std::string_view> ends{thinking_.close};
    if (ends_at_calls) {
      ends.push_back(format_.brackets.front());  // a bracket that opens the section
      for (const CallOpener& opener : format_.openers) ends.push_back(opener.marker);
    }
    std::vector<Expression> choices;
    std::vector<Expression> readings;
    for (const std::string_view end : ends) {
      for (Expression& reading : marks_.readings(end)) readings.push_back(std::move(reading));
    }
    const Expression symbol = marks_.symbol_besides(ends);
    for (const std::string_view end : ends) {
      const Expression rest = behind_end_of_thinking(end);
      if (rest.kind == ExpressionKind::never) continue;
      for (const Expression& reading : marks_.readings(end)) {
        Result<Expression> thought = terminal(text_until(reading, readings, symbol, builder_.budget()));
        if (!thought) return thought;
        choices.push_back(sequence_of({*std::move(thought), rest}));
      }
    }
    if (is_free()) {  // the answer may also end in its thinking
      Result<Expression> thought = terminal(text_without(readings, symbol, builder_.budget()));
      if (!thought) return thought;
      choices.push_back(*std::move(thought));
    }
    return choice_of(std::move(choices));
  }

  Expression behind_end_of_thinking(std::string_view end) {
    constexpr int64_t maximum_space = 4;
    if (end == thinking_.close) {
      if (is_free()) return use_rule(answer_);
      return sequence_of({repeated(any_of({{' ', ' '}, {'\n', '\n'}}), 0, maximum_space), use_rule(answer_)});
    }
    if (end == format_.brackets.front()) return is_free() ? use_rule(answer_) : calls_.section_behind(end);
    const auto opener = std::ranges::find(format_.openers, end, &CallOpener::marker);
    return is_free() ? sequence_of({calls_.behind(*opener), behind_call()}) : never();
  }

  // Whether calls may come but text is free.
  bool is_free() const { return !must_call_ && !has_output_; }

  Result<Expression> answer() {
    if (is_free()) return free_answer();
    const Expression section = sequence_of({some_space(), calls_.section()});
    if (must_call_) return section;
    Result<Expression> made = content();
    if (!made || !has_calls_) return made;
    return choice_of({*std::move(made), section});
  }

  Expression behind_call() const {
    return form_.tools.is_parallel ? use_rule(answer_behind_call_) : empty_text();
  }

  Result<Expression> free_answer() {
    answer_behind_call_ = builder_.add_rule("of the text");
    std::vector<std::string_view> markers;
    std::vector<Expression> readings;
    for (const CallOpener& opener : format_.openers) {
      if (opener.is_bare) continue;
      markers.push_back(opener.marker);
      for (Expression& reading : marks_.readings(opener.marker)) readings.push_back(std::move(reading));
    }
    const Expression symbol = marks_.symbol_besides(markers);
    const Result<Dfa> taken = texts_that_begin_otherwise(symbol, readings);
    if (!taken) return fail(taken.error());
    std::vector<Expression> choices;
    const auto add = [&](Result<Dfa> texts, Expression rest) -> Result<void> {
      if (texts) texts = difference(*texts, *taken, builder_.budget());
      Result<Expression> made = terminal(std::move(texts));
      if (!made) return fail(made.error());
      if (made->kind != ExpressionKind::never)
        choices.push_back(sequence_of({*std::move(made), std::move(rest)}));
      return {};
    };
    if (Result<void> added = add(text_without(readings, symbol, builder_.budget()), empty_text()); !added)
      return fail(added.error());
    for (const CallOpener& opener : format_.openers) {
      if (opener.is_bare) {
        choices.push_back(sequence_of({any_number_of(quiet()), calls_.bare(opener), behind_call()}));
        continue;
      }
      for (const Expression& reading : marks_.readings(opener.marker)) {
        Result<void> added = add(text_until(reading, readings, symbol, builder_.budget()),
                                 sequence_of({calls_.behind(opener), behind_call()}));
        if (!added) return fail(added.error());
      }
    }
    builder_.define(answer_behind_call_, choice_of(std::move(choices)));
    return use_rule(answer_behind_call_);
  }

  // What a reader skips at the beginning of an answer and after a call.
  Expression quiet() const {
    std::vector<Expression> choices;
    choices.push_back(pattern("[ \\n\\r\\t]"));
    for (const std::string_view bracket : format_.brackets) {
      for (Expression& reading : marks_.readings(bracket)) choices.push_back(std::move(reading));
    }
    if (!format_.fence.empty()) choices.push_back(literal_text(format_.fence));
    return choice_of(std::move(choices));
  }

  // Texts that the reader takes for thinking or for a call without a mark, and that are therefore no free
  // text.
  Result<Dfa> texts_that_begin_otherwise(const Expression& symbol, const std::vector<Expression>& readings) {
    std::vector<Expression> beginnings;
    for (const std::string_view mark : {thinking_.open, thinking_.close}) {
      if (mark.empty()) continue;
      for (Expression& reading : marks_.readings(mark)) beginnings.push_back(std::move(reading));
    }
    for (const CallOpener& opener : format_.openers) {
      if (!opener.is_bare) continue;
      const bool is_python = std::holds_alternative<PythonNotation>(opener.notation);
      beginnings.push_back(is_python ? bare_python() : bare_json(opener));
    }
    std::vector<Expression> any = readings;
    any.push_back(symbol);
    return make_dfa(sequence_of({any_number_of(quiet()), choice_of(std::move(beginnings)),
                                 any_number_of(choice_of(std::move(any)))}),
                    builder_.budget());
  }

  Expression names() const {
    std::vector<Expression> choices;
    for (const HeldFunction& function : functions_) choices.push_back(literal_text(function.name));
    return choice_of(std::move(choices));
  }

  Expression bare_python() const { return sequence_of({pattern(R"(\[\s*)"), names(), pattern(R"(\s*\()")}); }

  Expression bare_json(const CallOpener& opener) const {
    const Expression name = choice_of({sequence_of({names(), literal_text("\"")}), pattern(escaped_name)});
    const bool has_marker = opener.marker != opener.replayed;
    return sequence_of({literal_text(has_marker ? opener.marker : ""), pattern(before_key),
                        choice_of({pattern(first_keys), sequence_of({pattern(before_name), name})})});
  }

  // In Harmony an answer begins inside a header, since the prompt ends after the assistant's role.

  Result<Expression> channels() {
    std::vector<Expression> readings;
    for (const std::string_view mark : channel_marks) {
      for (Expression& reading : marks_.readings(mark)) readings.push_back(std::move(reading));
    }
    Result<Expression> text = terminal(text_without(readings, any_character(), builder_.budget()));
    if (!text) return text;
    const Expression talk = sequence_of({marks_.write("<|channel|>"),
                                         choice_of({literal_text("analysis"), literal_text("commentary")}),
                                         marks_.write("<|message|>"), *text});
    const Expression turn = marks_.write("<|start|>assistant");
    const Expression before = any_number_of(sequence_of({talk, marks_.write("<|end|>"), turn}));
    const Expression form = repeated(marks_.write(" <|constrain|>json"), 0, 1);
    std::vector<Expression> last;
    if (!must_call_) {
      Result<Expression> said = has_output_ ? content() : text;
      if (!said) return said;
      last.push_back(sequence_of(
          {marks_.write("<|channel|>final"), form, marks_.write("<|message|>"), *std::move(said)}));
      if (!has_output_) last.push_back(talk);
    }
    if (has_calls_) last.push_back(channel_calls(turn));
    return sequence_of({before, choice_of(std::move(last))});
  }

  Expression channel_calls(const Expression& turn) const {
    const Expression form =
        repeated(sequence_of({literal_text(" "), choice_of({marks_.write("<|constrain|>"), empty_text()}),
                              literal_text("json")}),
                 0, 1);
    const Expression message = sequence_of({form, marks_.write(" <|message|>")});
    const Expression channel = marks_.write("<|channel|>");
    const Expression recipient = marks_.write(" to=functions.");
    const Expression call =
        choice_of({calls_.named(sequence_of({channel, literal_text("commentary"), recipient}), message),
                   calls_.named(recipient, sequence_of({channel, literal_text("commentary"), message}))});
    if (!form_.tools.is_parallel) return call;
    return sequence_of({call, any_number_of(sequence_of({marks_.write("<|call|>"), turn, call}))});
  }

  const AnswerForm& form_;
  const CallFormat& format_;
  const ThinkingMarks thinking_;
  const MarkWriter marks_;
  GrammarBuilder builder_;
  CallGrammar calls_;
  std::vector<HeldFunction> functions_;
  const bool must_call_;
  bool has_output_ = false;
  bool has_calls_ = false;
  int32_t answer_ = -1;              // the rule of what follows the thinking
  int32_t answer_behind_call_ = -1;  // the rule of text and calls
};

}  // namespace

Result<std::optional<Grammar>> compile_answer_form(const AnswerForm& form, const Tokenizer& tokenizer) {
  return AnswerCompiler(form, tokenizer).compile();
}

Result<std::shared_ptr<const TokenGrammar>> AnswerGrammars::find(const AnswerForm& form,
                                                                 const Tokenizer& tokenizer) {
  const bool is_free = form.output.kind == OutputKind::free_text && form.tools.functions.empty();
  if (is_free) return nullptr;
  {
    MutexLock lock(mutex_);
    const auto found = std::ranges::find(kept_, form, &Entry::form);
    if (found != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, found);
      return found->grammar;
    }
  }
  Result<std::optional<Grammar>> compiled = compile_answer_form(form, tokenizer);
  if (!compiled) return fail(compiled.error());
  if (!*compiled) return nullptr;
  MutexLock lock(mutex_);
  if (vocabulary_ == nullptr) vocabulary_ = std::make_shared<const GrammarVocabulary>(tokenizer);
  auto grammar = std::make_shared<const TokenGrammar>(**std::move(compiled), vocabulary_);
  kept_.push_front({form, grammar});
  if (kept_.size() > maximum_kept) kept_.pop_back();
  return grammar;
}

}  // namespace shoal
