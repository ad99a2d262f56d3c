// Tests calls of answers whose tokens ran out, in every family and at every place.
#include <gtest/gtest.h>

#include "answers/call_families_for_test.h"
#include "answers/read_answer_for_test.h"

namespace shoal {
namespace {

// As read_events, for an answer that was cut after `text`, which comes in two pieces.
std::vector<AnswerEvent> read_cut(const AnswerStyle& format, const ToolSet& tools, std::string_view text,
                                  size_t piece) {
  return read_events(format, tools, {text.substr(0, piece), text.substr(piece)}, TextEnd::cut);
}

int64_t count_ended(const std::vector<AnswerEvent>& events) {
  return std::ranges::count(events, AnswerEventKind::call_end, &AnswerEvent::kind);
}

class CutAnswer : public testing::TestWithParam<Family> {
 protected:
  void SetUp() override {
    const Result<std::string> source = read_template(GetParam());
    if (!source) GTEST_SKIP() << GetParam().chat_template;
    Result<ChatTemplate> parsed = ChatTemplate::parse(*source);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    chat_.emplace(std::move(*parsed));
    cases_ = read_bfcl_cases();
  }

  // The answers with all calls of each case; with one call for families that take no more.
  std::vector<std::pair<std::string, ToolSet>> answers() {
    std::vector<std::pair<std::string, ToolSet>> answers;
    for (size_t i = 0; i < cases_.size(); i += 7) {
      const BfclCase& asked = cases_[i];
      std::vector<BfclCall> calls = asked.calls;
      if (GetParam().has_one_call) calls.resize(1);
      answers.emplace_back(
          GetParam().write ? GetParam().write(calls) : rendered_answer(GetParam(), *chat_, asked, "", calls),
          ToolSet(asked.tools));
    }
    return answers;
  }

  // Without marks, a text becomes a call only when the name has come.
  bool has_marks() const {
    const CallStyle style = GetParam().format.calls;
    return style != CallStyle::llama_json && style != CallStyle::llama_python &&
           style != CallStyle::functools;
  }

  std::optional<ChatTemplate> chat_;
  std::vector<BfclCase> cases_;
};

TEST_P(CutAnswer, HasNothingOfItsCallsInTheContent) {
  for (const auto& [source, tools] : answers()) {
    for (size_t end = 1; end < source.size(); ++end) {
      const std::string_view text = std::string_view(source).substr(0, end);
      const std::vector<AnswerEvent> events = read_cut(GetParam().format, tools, text, 0);
      const ReadAnswer answer = collect(events);
      ASSERT_EQ(read_cut(GetParam().format, tools, text, end / 2), events) << text;
      ASSERT_EQ(read_cut(GetParam().format, tools, text, end - 1), events) << text;
      ASSERT_EQ(answer.withdrawn, 0) << text;
      // The first bytes may begin anything, and so may a brace.
      const bool is_open_question = end <= 4 || (!has_marks() && answer.calls.empty());
      ASSERT_TRUE(is_open_question || answer.content.empty()) << text << "\n-> " << answer.content;
      const auto ended = static_cast<size_t>(count_ended(events));
      for (size_t i = 0; i < ended; ++i)
        ASSERT_TRUE(parse_json(answer.calls[i].arguments).has_value()) << text;
      ASSERT_LE(answer.calls.size(), ended + 1) << text;
    }
  }
}

TEST_P(CutAnswer, HasTheBeginningOfTheCallThatWasCut) {
  for (const auto& [source, tools] : answers()) {
    const ReadAnswer whole = read_answer(GetParam().format, tools, source);
    for (size_t end = 0; end <= source.size(); ++end) {
      const std::string_view text = std::string_view(source).substr(0, end);
      const ReadAnswer answer = collect(read_cut(GetParam().format, tools, text, 0));
      ASSERT_LE(answer.calls.size(), whole.calls.size()) << text;
      for (size_t i = 0; i < answer.calls.size(); ++i) {
        EXPECT_EQ(answer.calls[i].name, whole.calls[i].name) << text;
        EXPECT_TRUE(whole.calls[i].arguments.starts_with(answer.calls[i].arguments))
            << answer.calls[i].arguments << " of " << whole.calls[i].arguments << " in " << text;
      }
    }
  }
}

// This holds also when the model, not the limit, ended the answer there.
TEST_P(CutAnswer, HasNoMarksBehindAFinishedCall) {
  for (const auto& [source, tools] : answers()) {
    size_t first = 0;  // bytes up to the end of a call
    const auto parser = make_answer_parser(GetParam().format, tools);
    while (count_ended(parser->push(std::string_view(source).substr(first, 1))) == 0) ++first;
    ++first;
    const ReadAnswer whole = read_answer(GetParam().format, tools, source);
    if (whole.calls.size() != 1) continue;
    for (size_t end = first; end <= source.size(); ++end) {
      const ReadAnswer answer =
          read_answer(GetParam().format, tools, std::string_view(source).substr(0, end));
      ASSERT_EQ(answer, whole) << source.substr(0, end);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, CutAnswer, testing::ValuesIn(families()),
                         [](const testing::TestParamInfo<Family>& family) { return family.param.name; });

const ToolSet& writing_tools() {
  static const ToolSet tool_set(*parse_json(R"([
      {"function": {"name": "write", "parameters": {"type": "object", "properties": {
          "text": {"type": "string"}, "tags": {"type": "array"}, "any": {}}}}},
      {"function": {"name": "now"}}])"));
  return tool_set;
}

std::vector<ReadCall> calls_of(CallStyle style, std::string_view text) {
  const AnswerStyle format{.calls = style, .thinking = ThinkingStyle::none};
  const std::vector<AnswerEvent> whole = read_events(format, writing_tools(), {text});
  for (size_t cut = 0; cut < text.size(); ++cut)
    EXPECT_EQ(read_events(format, writing_tools(), {text.substr(0, cut), text.substr(cut)}), whole)
        << cut << text;
  const ReadAnswer answer = collect(whole);
  EXPECT_EQ(answer.content, "") << text;
  for (const ReadCall& call : answer.calls) EXPECT_TRUE(parse_json(call.arguments)) << call.arguments;
  return answer.calls;
}

TEST(CallReader, TakesACallWithoutArgumentsForOne) {
  const std::vector<ReadCall> now{{"now", "", "{}"}};
  for (const std::string_view arguments : {R"("")", R"(" ")", "null", R"("null")", "{}", R"("{}")"}) {
    EXPECT_EQ(calls_of(CallStyle::hermes,
                       fmt::format("<tool_call>\n{{\"name\": \"now\", \"arguments\": {}}}\n</tool_call>",
                                   arguments)),
              now)
        << arguments;
    EXPECT_EQ(
        calls_of(CallStyle::llama_json, fmt::format(R"({{"name": "now", "parameters": {}}})", arguments)),
        now)
        << arguments;
  }
  const std::string harmony = "<|channel|>commentary to=functions.now <|constrain|>json<|message|>";
  for (const std::string_view message : {"", " ", "{}", "<|call|>", "\n<|end|>"})
    EXPECT_EQ(calls_of(CallStyle::harmony, harmony + std::string(message)), now) << message;
  EXPECT_EQ(
      calls_of(CallStyle::kimi,
               "<|tool_calls_section_begin|><|tool_call_begin|>functions.now:0<|tool_call_argument_begin|>"
               "<|tool_call_end|><|tool_calls_section_end|>"),
      (std::vector<ReadCall>{{"now", "functions.now:0", "{}"}}));
  for (const std::string_view one : {"<｜tool▁call▁begin｜>now<｜tool▁sep｜><｜tool▁call▁end｜>",
                                     "<｜tool▁call▁begin｜>now<｜tool▁sep｜>\n<｜tool▁call▁end｜>"}) {
    EXPECT_EQ(calls_of(CallStyle::deepseek_v31,
                       fmt::format("<｜tool▁calls▁begin｜>{0}{0}<｜tool▁calls▁end｜>", one)),
              (std::vector<ReadCall>{{"now", "", "{}"}, {"now", "", "{}"}}));
  }
  EXPECT_EQ(calls_of(CallStyle::deepseek_v3,
                     "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n```<"
                     "｜tool▁call▁end｜>"
                     "<｜tool▁calls▁end｜>"),
            now);
  EXPECT_EQ(calls_of(CallStyle::mistral_named, "[TOOL_CALLS]now[ARGS]"), now);
  EXPECT_EQ(calls_of(CallStyle::mistral_named, "[TOOL_CALLS]now[ARGS][TOOL_CALLS]now[ARGS]{}").size(), 2u);
  EXPECT_EQ(calls_of(CallStyle::glm, "<tool_call>now</tool_call>"), now);
  EXPECT_EQ(calls_of(CallStyle::qwen_coder, "<tool_call>\n<function=now></function>\n</tool_call>"), now);
}

TEST(CallReader, EscapesTheLineBreaksThatAModelForgetsTo) {
  const std::string arguments = "{\"text\": \"a\nb\tc\"}";
  const std::vector<ReadCall> written{{"write", "", "{\"text\": \"a\\nb\\tc\"}"}};
  EXPECT_EQ(calls_of(CallStyle::hermes,
                     "<tool_call>\n{\"name\": \"write\", \"arguments\": " + arguments + "}\n</tool_call>"),
            written);
  EXPECT_EQ(calls_of(CallStyle::hermes,
                     "<tool_call>\n{\"arguments\": " + arguments + ", \"name\": \"write\"}\n</tool_call>"),
            written);
  EXPECT_EQ(calls_of(CallStyle::hermes,
                     "<tool_call>\n{\"name\": \"write\", \"arguments\": "
                     "\"{\\\"text\\\": \\\"a\\nb\tc\\\"}\"}\n</tool_call>"),
            written);
  EXPECT_EQ(calls_of(CallStyle::mistral_named, "[TOOL_CALLS]write[ARGS]" + arguments), written);
  EXPECT_EQ(calls_of(CallStyle::harmony, "<|channel|>commentary to=functions.write<|message|>" + arguments),
            written);
  EXPECT_EQ(calls_of(CallStyle::llama_python, "[write(text='a\nb\tc')]"), written);
  for (const std::string name : {"tags", "any"}) {
    EXPECT_EQ(calls_of(CallStyle::qwen_coder, "<tool_call>\n<function=write>\n<parameter=" + name +
                                                  ">\n[\"a\nb\"]\n</parameter>\n</function>\n</tool_call>"),
              (std::vector<ReadCall>{{"write", "", "{\"" + name + "\": [\"a\\nb\"]}"}}));
  }
}

TEST(CallReader, TakesWhatIsThereTwiceOnce) {
  const std::vector<ReadCall> written{{"write", "", R"({"text": "a"})"}};
  EXPECT_EQ(
      calls_of(
          CallStyle::hermes,
          R"(<tool_call>{"name": "write", "arguments": {"text": "a"}, "arguments": {"text": "b"}}</tool_call>)"),
      written);
  EXPECT_EQ(
      calls_of(
          CallStyle::hermes,
          R"(<tool_call>{"name": "write", "name": "now", "arguments": {"text": "a"}, "parameters": {}}</tool_call>)"),
      written);
  const std::string twice = "<parameter=text>\na\n</parameter>\n<parameter=text>\nb\n</parameter>\n";
  EXPECT_EQ(calls_of(CallStyle::qwen_coder,
                     "<tool_call>\n<function=write>\n" + twice + "</function>\n</tool_call>"),
            written);
  EXPECT_EQ(calls_of(CallStyle::llama_python, R"([write(text="a", text="b")])"), written);
  EXPECT_EQ(calls_of(CallStyle::glm,
                     "<tool_call>write\n<arg_key>text</arg_key>\n<arg_value>a</arg_value>\n"
                     "<arg_key>text</arg_key>\n<arg_value>b</arg_value>\n</tool_call>"),
            written);
}

TEST(CallReader, EndsAValueWhoseEndIsMissing) {
  const std::string begin = "<tool_call>\n<function=write>\n<parameter=text>\na <b> c\n";
  const std::vector<ReadCall> written{{"write", "", R"({"text": "a <b> c"})"}};
  for (const std::string_view end : {"</function>\n</tool_call>", "</function></tool_call>", "</function>"})
    EXPECT_EQ(calls_of(CallStyle::qwen_coder, begin + std::string(end)), written) << end;
  EXPECT_EQ(calls_of(CallStyle::qwen_coder,
                     begin + "<parameter=tags>\n[1]\n</parameter>\n</function>\n</tool_call>"),
            (std::vector<ReadCall>{{"write", "", R"({"text": "a <b> c", "tags": [1]})"}}));
  // A text value may contain the call's end.
  EXPECT_EQ(
      calls_of(CallStyle::qwen_coder, begin + "</function>\nd\n</parameter>\n</function>\n</tool_call>"),
      (std::vector<ReadCall>{{"write", "", "{\"text\": \"a <b> c\\n</function>\\nd\"}"}}));
  EXPECT_EQ(calls_of(CallStyle::glm, "<tool_call>write\n<arg_key>text</arg_key>\n<arg_value>a</tool_call>"),
            (std::vector<ReadCall>{{"write", "", R"({"text": "a"})"}}));
}

TEST(CallReader, TakesABraceTooManyForNoText) {
  const std::vector<ReadCall> now{{"now", "", "{}"}};
  EXPECT_EQ(calls_of(CallStyle::hermes, R"(<tool_call>{"name": "now", "arguments": {}}}</tool_call>)"), now);
  EXPECT_EQ(calls_of(CallStyle::mistral_list, R"([TOOL_CALLS][{"name": "now", "arguments": {}}]])"), now);
}

TEST(CallReader, TakesAListOfLlamasJson) {
  constexpr std::string_view two =
      R"([{"name": "now", "parameters": {}}, {"name": "write", "parameters": {"text": "a"}}])";
  const std::vector<ReadCall> both{{"now", "", "{}"}, {"write", "", R"({"text": "a"})"}};
  EXPECT_EQ(calls_of(CallStyle::llama_json, two), both);
  EXPECT_EQ(calls_of(CallStyle::llama_json, "<|python_tag|>" + std::string(two)), both);
  EXPECT_EQ(calls_of(CallStyle::hermes, two), both);
  const AnswerStyle llama_style{.calls = CallStyle::llama_json, .thinking = ThinkingStyle::none};
  for (const std::string_view text :
       {"[1, 2]", "[", R"([{"a": 1}])", R"([{"name": "Ada", "parameters": {}}])"})
    EXPECT_EQ(read_answer(llama_style, writing_tools(), text).content, text);
}

}  // namespace
}  // namespace shoal
