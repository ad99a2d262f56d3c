#include "answers/answer_grammar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "answers/answer_parser.h"
#include "answers/call_families_for_test.h"
#include "answers/read_answer_for_test.h"
#include "answers/schema_check_for_test.h"
#include "base/sanitized_for_test.h"
#include "grammar/grammar_matcher.h"
#include "grammar/written_values_for_test.h"
#include "tokens/fake_tokenizer_for_test.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

// The family's vocabulary from the test data, in which its marks are special tokens; Qwen's, where they are
// text, if there is none.
std::string vocabulary_of(CallStyle style) {
  switch (style) {
    case CallStyle::harmony: return "tokenizers/npm-gptoss/tokenizer.json";
    case CallStyle::kimi: return "tokenizers/kitoken/kimi_k2.tiktoken";
    case CallStyle::deepseek_v3:
    case CallStyle::deepseek_v31: return "tokenizers/npm-deepseek_v3/tokenizer.json";
    case CallStyle::mistral_named:
    case CallStyle::mistral_list: return "tokenizers/mistral/mistral_instruct_tokenizer_241114.model.v7";
    case CallStyle::llama_json:
    case CallStyle::llama_python:
    case CallStyle::llama4_python: return "tokenizers/npm-llama3_1/tokenizer.json";
    default: return "tokenizers/npm-qwen3/tokenizer.json";
  }
}

struct Loaded {
  std::unique_ptr<const Tokenizer> tokenizer;
  AnswerGrammars grammars;
};

// Keeps what it has loaded, since loading takes longer than the tests.
Loaded* load_vocabulary(CallStyle style) {
  static std::map<std::string, std::unique_ptr<Loaded>> kept;
  const std::string path = vocabulary_of(style);
  std::unique_ptr<Loaded>& loaded = kept[path];
  if (loaded == nullptr) {
    loaded = std::make_unique<Loaded>();
    Result<std::unique_ptr<const Tokenizer>> tokenizer = load_tokenizer(test_data_path(path));
    if (tokenizer) loaded->tokenizer = *std::move(tokenizer);
  }
  return loaded->tokenizer == nullptr ? nullptr : loaded.get();
}

// Puts members into the order of the schema, as held calls have them.
Value ordered(const Value& value, const Value& schema) {
  if (const Value* items = schema.find("items"); value.array() != nullptr && items != nullptr) {
    Value::Array list;
    for (const Value& item : *value.array()) list.push_back(ordered(item, *items));
    return list;
  }
  const Value* properties = schema.find("properties");
  if (value.object() == nullptr || properties == nullptr || properties->object() == nullptr) return value;
  Value::Object members;
  for (const auto& [name, own] : *properties->object()) {
    if (const Value* member = value.find(name)) members.emplace_back(name, ordered(*member, own));
  }
  for (const auto& member : *value.object()) {
    if (properties->find(member.first) == nullptr) members.push_back(member);
  }
  return members;
}

const Value* parameters_of(const Value& tools, const std::string& name) {
  for (const Value& tool : *tools.array()) {
    const Value* function = tool.find("function");
    if (*function->find("name")->text() == name) return function->find("parameters");
  }
  return nullptr;
}

Value made_strict(const Value& tools) {
  Value::Array strict;
  for (Value tool : *tools.array()) {
    Value function = *tool.find("function");
    function.set("strict", true);
    tool.set("function", std::move(function));
    strict.push_back(std::move(tool));
  }
  return strict;
}

class HeldCallsTest : public testing::TestWithParam<Family> {
 protected:
  void SetUp() override {
    const Result<std::string> source = read_template(GetParam());
    loaded_ = load_vocabulary(GetParam().format.calls);
    if (!source || loaded_ == nullptr) GTEST_SKIP() << GetParam().chat_template;
    chat_.emplace(*ChatTemplate::parse(*source));
    for (BfclCase& asked : read_bfcl_cases()) {
      // The right answers do not always satisfy their schemas.
      const bool is_valid = std::ranges::all_of(asked.calls, [&](const BfclCall& call) {
        const Value* parameters = parameters_of(asked.tools, call.name);
        return parameters != nullptr && satisfies(call.arguments, *parameters);
      });
      if (!is_valid) continue;
      for (BfclCall& call : asked.calls)
        call.arguments = ordered(call.arguments, *parameters_of(asked.tools, call.name));
      cases_.push_back(std::move(asked));
    }
    ASSERT_GT(cases_.size(), 100u);
  }

  AnswerForm form_of(const Value& tools, ToolChoice choice) const {
    const Value given = choice == ToolChoice::automatic ? made_strict(tools) : tools;
    return {.format = GetParam().format,
            .thinking = GetParam().format.thinking == ThinkingStyle::none ? ThinkingState::none
                                                                          : ThinkingState::possible,
            .tools = {.choice = choice, .functions = format_json(given)}};
  }

  std::shared_ptr<const TokenGrammar> grammar_of(const AnswerForm& form) const {
    const auto grammar = loaded_->grammars.find(form, *loaded_->tokenizer);
    EXPECT_TRUE(grammar) << (grammar ? "" : grammar.error().message) << "\n" << form.tools.functions;
    return grammar ? *grammar : nullptr;
  }

  std::vector<std::vector<BfclCall>> messages_of(const BfclCase& asked) const {
    if (!GetParam().has_one_call) return {asked.calls};
    std::vector<std::vector<BfclCall>> messages;
    for (const BfclCall& call : asked.calls) messages.push_back({call});
    return messages;
  }

  std::string written(const BfclCase& asked, const std::string& content,
                      const std::vector<BfclCall>& calls) const {
    return GetParam().write ? content + GetParam().write(calls)
                            : rendered_answer(GetParam(), *chat_, asked, content, calls);
  }

  // Tests all cases for one family of each notation, and some for the others.
  size_t stride() const {
    if (is_sanitized) return 32;
    const std::string_view name = GetParam().name;
    return name == "Qwen3" || name == "Qwen3Coder" || name == "Lfm2" ? 1 : 8;
  }

  // How far the text's tokens are allowed, one after another; npos: to the end, where the text may end.
  size_t accepted(const std::shared_ptr<const TokenGrammar>& grammar, const std::string& text,
                  bool sees_masks) const {
    GrammarMatcher matcher(grammar);
    size_t at = 0;
    for (const TokenId token : loaded_->tokenizer->encode(text, SpecialTokens::parse)) {
      if (std::ranges::binary_search(loaded_->tokenizer->end_tokens(), token))
        return matcher.can_end() ? std::string::npos : at;
      if (sees_masks && !matcher.mask().allows(token)) return at;
      if (!matcher.accept(token)) return at;
      at += loaded_->tokenizer->token_bytes(token).size();
    }
    return matcher.can_end() ? std::string::npos : at;
  }

  Loaded* loaded_ = nullptr;
  std::optional<ChatTemplate> chat_;
  std::vector<BfclCase> cases_;
};

TEST_P(HeldCallsTest, AllowsTheCallsThatItsModelsWrite) {
  size_t count = 0;
  for (size_t i = 0; i < cases_.size(); i += stride()) {
    const BfclCase& asked = cases_[i];
    const auto required = grammar_of(form_of(asked.tools, ToolChoice::required));
    const auto automatic = grammar_of(form_of(asked.tools, ToolChoice::automatic));
    ASSERT_TRUE(required && automatic);
    for (const std::vector<BfclCall>& calls : messages_of(asked)) {
      const bool sees_masks = count++ % 16 == 0;
      const std::string text = written(asked, "", calls);
      if (GetParam().format.calls != CallStyle::llama4_python) {  // this family's marks are not needed
        const size_t end = accepted(required, text, sees_masks);
        ASSERT_EQ(end, std::string::npos) << text << "\nnot behind\n" << text.substr(0, end);
      }
      const std::string talk =
          GetParam().takes_content ? written(asked, "Let me see: 2 < 3, {} [x].", calls) : text;
      const size_t end = accepted(automatic, talk, sees_masks);
      ASSERT_EQ(end, std::string::npos) << talk << "\nnot behind\n" << talk.substr(0, end);
    }
  }
}

// Copies of the calls, each with one thing wrong.
std::vector<std::vector<BfclCall>> spoilt(const BfclCase& asked, const std::vector<BfclCall>& calls) {
  std::vector<std::vector<BfclCall>> all;
  const auto add = [&](BfclCall call) {
    all.push_back(calls);
    all.back().front() = std::move(call);
  };
  const BfclCall& right = calls.front();
  const Value& parameters = *parameters_of(asked.tools, right.name);
  BfclCall unknown = right;
  unknown.name += "_2";
  add(unknown);
  BfclCall more = right;
  more.arguments.set("zzz", "x");
  add(more);
  for (const auto& [name, value] : *right.arguments.object()) {
    BfclCall wrong = right;
    if (value.text() == nullptr) {
      wrong.arguments.set(name, "x y");
      add(wrong);
    }
    const Value* list = parameters.find("properties")->find(name)->find("enum");
    if (list != nullptr && value.text() != nullptr) {
      wrong.arguments.set(name, *value.text() + "x");
      add(wrong);
    }
    const Value* required = parameters.find("required");
    const bool is_required =
        required != nullptr && std::ranges::find(*required->array(), Value(name)) != required->array()->end();
    if (!is_required) continue;
    BfclCall fewer = right;
    std::erase_if(*fewer.arguments.object(),
                  [&](const Value::Member& member) { return member.first == name; });
    add(fewer);
  }
  return all;
}

TEST_P(HeldCallsTest, RefusesCallsWithAnythingWrong) {
  size_t count = 0;
  for (size_t i = 0; i < cases_.size(); i += 2 * stride()) {
    const BfclCase& asked = cases_[i];
    for (const ToolChoice choice : {ToolChoice::required, ToolChoice::automatic}) {
      const auto grammar = grammar_of(form_of(asked.tools, choice));
      ASSERT_TRUE(grammar);
      for (const std::vector<BfclCall>& calls : spoilt(asked, messages_of(asked).front())) {
        const std::string text = written(asked, "", calls);
        const size_t end = accepted(grammar, text, /*sees_masks=*/false);
        // Without a mark, a call of an unknown tool is text.
        const bool is_call = !read_answer(GetParam().format, ToolSet(asked.tools), text).calls.empty();
        const bool is_text = choice == ToolChoice::automatic && !is_call;
        ASSERT_TRUE(end != std::string::npos || is_text) << text;
        ++count;
      }
    }
  }
  EXPECT_GT(count, is_sanitized ? 10u : 60u);
}

// Writes what the mask allows, mostly pieces that lead to the end of something.
class Walk {
 public:
  Walk(const Loaded& loaded, std::shared_ptr<const TokenGrammar> grammar, std::vector<std::string> hints,
       uint64_t seed)
      : tokenizer_(*loaded.tokenizer),
        matcher_(std::move(grammar)),
        hints_(std::move(hints)),
        random_(seed) {}

  // True when the text has come to an end.
  bool run(int64_t token_limit) {
    while (count_ < token_limit) {
      if (matcher_.can_end() && (!matcher_.can_go_on() || random_() % 8 == 0)) return true;
      if (random_() % 4 != 0) {
        try_hint(hints_[random_() % hints_.size()]);
      } else if (!take_any()) {
        ADD_FAILURE() << "nothing goes on with " << text_;
        return false;
      }
    }
    return false;
  }
  const std::string& text() const { return text_; }

 private:
  void take(TokenId token) {
    EXPECT_TRUE(matcher_.accept(token));
    text_ += tokenizer_.token_bytes(token);
    ++count_;
  }
  void try_hint(const std::string& hint) {
    for (const TokenId token : tokenizer_.encode(hint, SpecialTokens::parse)) {
      if (!matcher_.mask().allows(token) || is_end(token)) return;
      take(token);
    }
  }
  bool take_any() {
    const TokenMask& mask = matcher_.mask();
    const int64_t size = tokenizer_.vocabulary_size();
    const auto first = static_cast<TokenId>(random_() % static_cast<uint64_t>(size));
    for (int64_t i = 0; i < size; ++i) {
      const auto token = static_cast<TokenId>((first + i) % size);
      if (!mask.allows(token) || is_end(token)) continue;
      take(token);
      return true;
    }
    return false;
  }
  bool is_end(TokenId token) const { return std::ranges::binary_search(tokenizer_.end_tokens(), token); }

  const Tokenizer& tokenizer_;
  GrammarMatcher matcher_;
  const std::vector<std::string> hints_;
  std::mt19937_64 random_;
  std::string text_;
  int64_t count_ = 0;
};

// Checks that the calls found by our own reader are of known tools and have arguments that satisfy the
// schemas.
void expect_valid_calls(const ReadAnswer& answer, const Value& tools, const std::string& text) {
  for (const ReadCall& call : answer.calls) {
    const Value* parameters = parameters_of(tools, call.name);
    ASSERT_TRUE(parameters != nullptr) << call.name << " in\n" << text;
    const Result<Value> arguments = parse_json(call.arguments);
    ASSERT_TRUE(arguments && arguments->object() != nullptr) << call.arguments << " in\n" << text;
    ASSERT_TRUE(satisfies(*arguments, *parameters)) << call.arguments << "\n"
                                                    << format_json(*parameters) << "\n"
                                                    << text;
  }
}

std::vector<std::string> hints_for(const AnswerStyle& format, const BfclCase& asked) {
  const CallFormat& calls = call_format(format.calls);
  std::vector<std::string> hints{"\"",
                                 "\"",
                                 "'",
                                 "}",
                                 "]",
                                 ")",
                                 ",",
                                 "1",
                                 "{",
                                 "[",
                                 "</parameter>",
                                 "</arg_value>",
                                 "\n",
                                 "{\"name\": \"",
                                 "\"type\": \"function\", ",
                                 "\"arguments\": {",
                                 "\"parameters\": {}",
                                 "</think>",
                                 "<think>"};
  for (const std::string_view part :
       {calls.writing.section_begin, calls.writing.before_name, calls.writing.after_name,
        calls.writing.after_arguments, calls.writing.section_end})
    hints.emplace_back(part);
  for (const CallOpener& opener : calls.openers) hints.emplace_back(opener.marker);
  for (const std::string_view bracket : calls.brackets) hints.emplace_back(bracket);
  for (const BfclCall& call : asked.calls) hints.push_back(call.name);
  if (format.calls == CallStyle::harmony) {
    for (const char* hint :
         {"<|channel|>final<|message|>", "<|channel|>analysis<|message|>", "<|end|><|start|>assistant",
          "<|channel|>commentary to=functions.", " <|constrain|>json<|message|>", " to=functions."})
      hints.emplace_back(hint);
  }
  return hints;
}

TEST_P(HeldCallsTest, WhateverTheMaskAllowsIsAValidCall) {
  int64_t ended = 0;
  int64_t called = 0;
  for (size_t i = 0; i < cases_.size(); i += is_sanitized ? 60 : 12) {
    const BfclCase& asked = cases_[i];
    for (const ToolChoice choice : {ToolChoice::required, ToolChoice::automatic}) {
      AnswerForm form = form_of(asked.tools, choice);
      form.tools.is_parallel = i % 24 == 0;
      const auto grammar = grammar_of(form);
      for (uint64_t seed = 0; seed < 3; ++seed) {
        Walk walk(*loaded_, grammar, hints_for(GetParam().format, asked), 1000 * i + seed);
        const bool has_ended = walk.run(/*token_limit=*/300);
        ReadAnswer answer = read_answer(GetParam().format, ToolSet(asked.tools), walk.text());
        if (!has_ended) {  // bytes that make a call only if the text is whole may also be a cut call
          const ReadAnswer cut =
              read_answer(GetParam().format, ToolSet(asked.tools), walk.text(), TextEnd::cut);
          const auto same = std::ranges::mismatch(answer.calls, cut.calls).in1;
          answer.calls.erase(same, answer.calls.end());
        }
        expect_valid_calls(answer, asked.tools, walk.text());
        if (HasFatalFailure()) return;
        called += std::ssize(answer.calls);
        if (!has_ended) continue;
        ++ended;
        EXPECT_LE(answer.calls.size(), form.tools.is_parallel ? 300u : 1u) << walk.text();
        if (choice != ToolChoice::required) continue;
        EXPECT_GE(answer.calls.size(), 1u) << walk.text();
        EXPECT_EQ(answer.content, "") << walk.text();
      }
    }
  }
  EXPECT_GT(ended, is_sanitized ? 0 : 5);
  EXPECT_GT(called, is_sanitized ? 0 : 5);
}

// Whether an answer may be this text. The marks are text, since this vocabulary has no special tokens.
bool is_allowed(const AnswerForm& form, std::string_view text) {
  const FakeTokenizer tokenizer({"a"});
  const Result<std::optional<Grammar>> grammar = compile_answer_form(form, tokenizer);
  EXPECT_TRUE(grammar) << (grammar ? "" : grammar.error().message);
  return grammar && (!*grammar || accepts_text(**grammar, text));
}

constexpr const char* example_tools =
    R"([{"function": {"name": "f", "strict": true, "parameters": {"type": "object", "required": ["a"],
          "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}}}}},
        {"function": {"name": "g", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}},
        {"function": {"name": "odd", "parameters": {"type": "array", "uniqueItems": true}}}])";

AnswerForm form_with(CallStyle style, ToolUse tools) {
  tools.functions = example_tools;
  return {.format = {.calls = style}, .tools = std::move(tools)};
}

TEST(AnswerGrammar, HoldsTheContentAndLeavesTheThinkingFree) {
  for (const AnswerStyle& format : {AnswerStyle{CallStyle::hermes, ThinkingStyle::angle},
                                    AnswerStyle{CallStyle::none, ThinkingStyle::angle},
                                    AnswerStyle{CallStyle::kimi, ThinkingStyle::angle},
                                    AnswerStyle{CallStyle::mistral_named, ThinkingStyle::bracket}}) {
    const auto [open, close] = thinking_marks(format.thinking);
    const std::string thought = "Hm, {\"a\": <tool_call>[ …\n" + std::string(close);
    AnswerForm form{.output = {.kind = OutputKind::json_schema, .source = R"({"type": "integer"})"},
                    .format = format};
    form.thinking = ThinkingState::open;
    EXPECT_TRUE(is_allowed(form, thought + "\n\n12"));
    EXPECT_TRUE(is_allowed(form, std::string(close) + "12"));
    EXPECT_FALSE(is_allowed(form, "12"));
    EXPECT_FALSE(is_allowed(form, thought + "twelve"));
    EXPECT_FALSE(is_allowed(form, thought + "12" + thought));
    form.thinking = ThinkingState::possible;
    EXPECT_TRUE(is_allowed(form, "12"));
    EXPECT_TRUE(is_allowed(form, std::string(open) + thought + "12"));
    EXPECT_FALSE(is_allowed(form, std::string(open) + "12"));
    EXPECT_FALSE(is_allowed(form, "Hm. 12"));
    form.thinking = ThinkingState::none;
    EXPECT_TRUE(is_allowed(form, "12"));
    EXPECT_FALSE(is_allowed(form, std::string(open) + thought + "12"));
  }
}

TEST(AnswerGrammar, HoldsTheLastChannelOfHarmony) {
  const AnswerForm form{.output = {.kind = OutputKind::json_schema, .source = R"({"type": "integer"})"},
                        .format = {.calls = CallStyle::harmony}};
  const std::string thought = "<|channel|>analysis<|message|>Hm, {.<|end|><|start|>assistant";
  EXPECT_TRUE(is_allowed(form, thought + "<|channel|>final<|message|>12"));
  EXPECT_TRUE(is_allowed(form, "<|channel|>final <|constrain|>json<|message|>12"));
  EXPECT_FALSE(is_allowed(form, thought + "<|channel|>final<|message|>twelve"));
  EXPECT_FALSE(is_allowed(form, thought));
  EXPECT_FALSE(is_allowed(form, "12"));
}

TEST(AnswerGrammar, LeavesTextFreeUntilACallOfAStrictFunctionBegins) {
  const AnswerForm form = form_with(CallStyle::hermes, {.choice = ToolChoice::automatic});
  const auto call = [](const std::string& name, const std::string& arguments) {
    return "{\"name\": \"" + name + "\", \"arguments\": " + arguments + "}";
  };
  const auto marked = [](const std::string& inner) { return "<tool_call>\n" + inner + "\n</tool_call>"; };
  for (const std::string& text :
       {std::string(), std::string("Hello, {\"a\": 1} <tool_cal"),
        std::string("{\"name\": \"Ada\", \"age\": 36}"), std::string("{\"type\": \"circle\"}"),
        std::string("```json\n{\"a\": 1}\n```"), marked(call("f", R"({"a": 1})")),
        "Well: " + marked(call("f", R"({"a": 1, "b": "y"})")) + "\nDone.",
        marked(call("g", R"({"zzz": [1]})")), call("f", R"({"a": 1})"),
        "```json\n" + call("f", R"({"a": 1})") + "\n```",
        marked(call("f", R"({"a": 1})")) + "\n" + marked(call("g", "{}"))}) {
    EXPECT_TRUE(is_allowed(form, text)) << text;
  }
  for (const std::string& text :
       {marked(call("f", R"({"a": "1"})")), marked(call("f", R"({"b": "x"})")),
        marked(call("f", R"({"a": 1, "b": "z"})")), marked(call("h", "{}")),
        std::string("<tool_call> is a mark"), call("f", R"({"a": "1"})"),
        "```json\n" + call("f", R"({"a": "1"})"), "<tools>" + call("f", "{}"), "\n[" + call("f", "{}") + "]",
        std::string(R"({"type": "function", "name": "f", "arguments": {"a": "1"}})"),
        marked(call("f", R"({"a": 1})")) + "\n" + call("f", "{}")}) {
    EXPECT_FALSE(is_allowed(form, text)) << text;
  }
}

TEST(AnswerGrammar, HoldsNothingWhereNoFunctionIsStrictAndNoneMustBeCalled) {
  AnswerForm form = form_with(CallStyle::hermes, {.choice = ToolChoice::automatic});
  form.tools.functions = R"([{"function": {"name": "g", "parameters": {"uniqueItems": true}}}])";
  const Result<std::optional<Grammar>> grammar = compile_answer_form(form, FakeTokenizer({"a"}));
  ASSERT_TRUE(grammar);
  EXPECT_FALSE(grammar->has_value());
}

TEST(AnswerGrammar, TakesAnyObjectWhereNothingOfTheSchemaOfACallThatMustBeMadeCanBeHeld) {
  const AnswerForm named = form_with(CallStyle::llama_json, {.choice = ToolChoice::named, .function = "odd"});
  EXPECT_TRUE(is_allowed(named, R"({"name": "odd", "parameters": {"z": [1, 1]}})"));
  EXPECT_FALSE(is_allowed(named, R"({"name": "odd", "parameters": [1, 1]})"));
  EXPECT_FALSE(is_allowed(named, R"({"name": "g", "parameters": {"a": 1}})")) << "another function";
  EXPECT_FALSE(is_allowed(named, "No."));
}

TEST(AnswerGrammar, AllowsOneCallOrMoreAsTheRequestSays) {
  const std::string call = R"(<tool_call>{"name": "g", "arguments": {"a": 1}}</tool_call>)";
  AnswerForm form = form_with(CallStyle::hermes, {.choice = ToolChoice::required});
  EXPECT_TRUE(is_allowed(form, call + "\n" + call));
  EXPECT_FALSE(is_allowed(form, call + "\nThere."));
  form.tools.is_parallel = false;
  EXPECT_TRUE(is_allowed(form, call));
  EXPECT_FALSE(is_allowed(form, call + "\n" + call));
}

TEST(AnswerGrammar, AllowsACallBesideTheContentThatIsHeld) {
  AnswerForm form = form_with(CallStyle::hermes, {.choice = ToolChoice::automatic});
  form.output = {.kind = OutputKind::json_schema, .source = R"({"type": "integer"})"};
  EXPECT_TRUE(is_allowed(form, "12"));
  EXPECT_TRUE(is_allowed(form, R"(<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>)"));
  EXPECT_FALSE(is_allowed(form, R"(<tool_call>{"name": "f", "arguments": {"a": "1"}}</tool_call>)"));
  EXPECT_FALSE(is_allowed(form, "Twelve"));
}

TEST(AnswerGrammar, CountsKimisCallsFromThoseOfTheConversation) {
  AnswerForm form = form_with(CallStyle::kimi, {.choice = ToolChoice::required});
  form.calls_before = 3;
  const auto call = [](int number) {
    return "<|tool_call_begin|>functions.g:" + std::to_string(number) +
           "<|tool_call_argument_begin|>{\"a\": 1}<|tool_call_end|>";
  };
  const auto section = [](const std::string& calls) {
    return "<|tool_calls_section_begin|>" + calls + "<|tool_calls_section_end|>";
  };
  EXPECT_TRUE(is_allowed(form, section(call(3))));
  EXPECT_TRUE(is_allowed(form, section(call(3) + call(4))));
  EXPECT_FALSE(is_allowed(form, section(call(0))));
}

TEST(AnswerGrammar, HoldsValuesWithoutQuotesAsFarAsTheirNotationCan) {
  AnswerForm form = form_with(CallStyle::qwen_coder, {.choice = ToolChoice::required});
  form.tools.functions = R"([{"function": {"name": "f", "parameters": {"type": "object", "properties": {
      "kind": {"type": "string", "enum": ["a b", "c"]}, "code": {"type": "string"}, "short": {"type": "string", "maxLength": 3},
      "list": {"type": "array", "items": {"type": "string"}}, "flag": {"type": "boolean"},
      "either": {"type": ["string", "integer"]}, "word": {"type": ["string", "null"], "pattern": "^[a-z]+$"}}}}}])";
  const auto allowed = [&](const std::string& key, const std::string& value) {
    return is_allowed(form, "<tool_call>\n<function=f>\n<parameter=" + key + ">\n" + value +
                                "\n</parameter>\n</function>\n</tool_call>");
  };
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"kind", "a b"},
                                                        {"code", "if (a < b) {\n  </b>\n}"},
                                                        {"code", ""},
                                                        {"short", "äöü"},
                                                        {"list", "[\"a\", \"b\"]"},
                                                        {"flag", "true"},
                                                        {"flag", "True"},
                                                        {"either", "5"},
                                                        {"either", "five"},
                                                        {"word", "abc"},
                                                        {"word", "null"}}) {
    EXPECT_TRUE(allowed(key, value)) << key << "=" << value;
  }
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"kind", "d"},
                                                        {"kind", "\"c\""},
                                                        {"short", "long"},
                                                        {"list", "a, b"},
                                                        {"list", "[1]"},
                                                        {"list", "[\"</parameter>\"]"},
                                                        {"flag", "yes"},
                                                        {"either", "true"},
                                                        {"either", "[1]"},
                                                        {"word", "A"},
                                                        {"other", "x"}}) {
    EXPECT_FALSE(allowed(key, value)) << key << "=" << value;
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, HeldCallsTest, testing::ValuesIn(families()),
                         [](const testing::TestParamInfo<Family>& family) { return family.param.name; });

}  // namespace
}  // namespace shoal
