#include "answers/answer_parser.h"

#include <gtest/gtest.h>

#include "answers/read_answer_for_test.h"
#include "tokens/fake_tokenizer_for_test.h"

namespace shoal {
namespace {

const ToolSet& tools() {
  static const ToolSet tool_set(*parse_json(R"([
      {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {
          "city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"type": ["string", "null"]},
          "code": {"anyOf": [{"$ref": "#/$defs/Code"}, {"type": "null"}]}, "kind": {"const": "7"},
          "any": {}}, "$defs": {"Code": {"enum": ["1", "2"]}}}}},
      {"type": "function", "function": {"name": "now"}}])"));
  return tool_set;
}

constexpr AnswerStyle hermes_format{.calls = CallStyle::hermes, .thinking = ThinkingStyle::angle};
constexpr AnswerStyle coder{.calls = CallStyle::qwen_coder, .thinking = ThinkingStyle::none};
constexpr AnswerStyle llama{.calls = CallStyle::llama_json, .thinking = ThinkingStyle::none};
constexpr AnswerStyle python{.calls = CallStyle::llama_python, .thinking = ThinkingStyle::none};
constexpr AnswerStyle mistral{.calls = CallStyle::mistral_named, .thinking = ThinkingStyle::bracket};
constexpr AnswerStyle kimi_format{.calls = CallStyle::kimi, .thinking = ThinkingStyle::angle};
constexpr AnswerStyle harmony_format{.calls = CallStyle::harmony, .thinking = ThinkingStyle::none};
constexpr AnswerStyle phi_format{.calls = CallStyle::phi, .thinking = ThinkingStyle::none};

// Reads the text cut in two at every place and expects the same each time.
ReadAnswer read(const AnswerStyle& format, std::string_view text) {
  const std::vector<AnswerEvent> whole = read_events(format, tools(), {text});
  for (size_t cut = 0; cut < text.size(); ++cut) {
    EXPECT_EQ(read_events(format, tools(), {text.substr(0, cut), text.substr(cut)}), whole)
        << cut << " in " << text;
  }
  const ReadAnswer answer = collect(whole);
  EXPECT_TRUE(has_lost_nothing(format, text, answer)) << text;
  return answer;
}

ReadAnswer text_only(const std::string& content, int64_t withdrawn = 0) {
  return {.content = content, .reasoning = "", .calls = {}, .withdrawn = withdrawn};
}

const ReadCall berlin{.name = "get_weather", .id = "", .arguments = R"({"city": "Berlin"})"};

TEST(AnswerParser, PassesPlainTextOnAtOnce) {
  const auto parser = make_answer_parser({}, tools());
  const auto piece = parser->push("a < b [1] {2}  ");
  ASSERT_EQ(piece.size(), 1u);
  EXPECT_EQ(piece[0].text, "a < b [1] {2}  ");
  EXPECT_TRUE(parser->finish().empty());
}

TEST(AnswerParser, TellsThinkingFromContent) {
  const ReadAnswer answer = read(hermes_format, "<think>\nWell, 1 < 2.\n\nSo\n</think>\n\nYes.\n");
  EXPECT_EQ(answer.reasoning, "Well, 1 < 2.\n\nSo");
  EXPECT_EQ(answer.content, "Yes.\n");
}

TEST(AnswerParser, TakesThinkingThatDoesNotEndForThinking) {
  const ReadAnswer answer = read(hermes_format, "<think>\nHm, </thin");
  EXPECT_EQ(answer.reasoning, "Hm, </thin");
  EXPECT_EQ(answer.content, "");
}

TEST(AnswerParser, TakesMarksInTheMiddleOfContentForText) {
  EXPECT_EQ(read(hermes_format, "Use <think> and </think>."), text_only("Use <think> and </think>."));
}

TEST(AnswerParser, DropsTheEndOfThinkingThatThePromptHadOpened) {
  EXPECT_EQ(read(hermes_format, "\n</think>\n\nYes"), text_only("Yes"));
}

TEST(AnswerParser, StreamsArgumentsAsTheyCome) {
  const auto parser = make_answer_parser(hermes_format, tools());
  EXPECT_TRUE(parser->push("<tool_call>\n{\"name\": \"get_weather").empty());
  const auto begun = parser->push("\", \"arguments\": {\"city\": \"Ber");
  ASSERT_EQ(begun.size(), 2u);
  EXPECT_EQ(begun[0].kind, AnswerEventKind::call_begin);
  EXPECT_EQ(begun[0].name, "get_weather");
  EXPECT_EQ(begun[1].text, "{\"city\": \"Ber");
  const auto more = parser->push("lin\"}");
  ASSERT_EQ(more.size(), 1u);
  EXPECT_EQ(more[0].text, "lin\"}");
  EXPECT_EQ(parser->push("}").front().kind, AnswerEventKind::call_end);
  EXPECT_TRUE(parser->push("\n</tool_call>").empty());
  EXPECT_TRUE(parser->finish().empty());
}

TEST(AnswerParser, TakesArgumentsInFrontOfTheNameAndAsAString) {
  const auto call = [](const std::string& object) {
    return read(hermes_format, "<tool_call>" + object + "</tool_call>").calls;
  };
  EXPECT_EQ(call(R"({"arguments": {"city": "Berlin"}, "name": "get_weather"})"), std::vector{berlin});
  EXPECT_EQ(call(R"({"name": "get_weather", "arguments": "{\"city\": \"Berlin\"}"})"), std::vector{berlin});
  EXPECT_EQ(
      call(R"({"type": "function", "index": 0, "name": "get_weather", "parameters": {"city": "Berlin"}})"),
      std::vector{berlin});
  EXPECT_EQ(call(R"({"name": "now"})"), (std::vector<ReadCall>{{"now", "", "{}"}}));
  EXPECT_EQ(call(R"({"name": "now", "arguments": null})"), (std::vector<ReadCall>{{"now", "", "{}"}}));
  EXPECT_EQ(call(R"([{"name": "now"}, {"name": "now"}])").size(), 2u);
}

TEST(AnswerParser, GivesMalformedCallsBackAsText) {
  for (const std::string source : {
           "<tool_call>no call at all</tool_call>",
           "<tool_call>\n{\"name\": 5, \"arguments\": {}}\n</tool_call>",
           "<tool_call>\n{\"name\": \"two words\", \"arguments\": {}}\n</tool_call>",
           "<tool_call>\n{\"arguments\": {}}\n</tool_call>",
           "before\n<tool_call>\n{name: now}\n</tool_call>\nafter\n",
           "<tool_call>",
           "<tool_call>\n{\"na",
       }) {
    EXPECT_EQ(read(hermes_format, source), text_only(source));
  }
}

TEST(AnswerParser, WithdrawsACallThatTurnsOutToBeMalformed) {
  for (const std::string source : {
           "<tool_call>\n{\"name\": \"now\", \"arguments\": {\"a\": 1,}}\n</tool_call>",
           "<tool_call>\n{\"name\": \"now\", \"arguments\": [1]}\n</tool_call>",
           "<tool_call>\n{\"name\": \"now\", \"arguments\": {\"a\": \"trunca",
           "<tool_call>\n{\"name\": \"now\", \"arguments\": {}",
       }) {
    EXPECT_EQ(read(hermes_format, source), text_only(source, 1));
  }
}

TEST(AnswerParser, ReadsTheCallBehindAMalformedOne) {
  const ReadAnswer answer = read(hermes_format,
                                 "<tool_call>\n{oh</tool_call>\n<tool_call>\n<tool_call>\n"
                                 R"({"name": "get_weather", "arguments": {"city": "Berlin"}})"
                                 "\n</tool_call>");
  EXPECT_EQ(answer.calls, std::vector{berlin});
  EXPECT_EQ(answer.content, "<tool_call>\n{oh</tool_call>\n<tool_call>\n");
}

TEST(AnswerParser, ReadsBareJsonOnlyWhereItCallsAToolThatExists) {
  EXPECT_EQ(read(llama, R"({"name": "get_weather", "parameters": {"city": "Berlin"}})").calls,
            std::vector{berlin});
  EXPECT_EQ(read(llama, R"(<|python_tag|>{"name": "get_weather", "parameters": {"city": "Berlin"}})").calls,
            std::vector{berlin});
  EXPECT_EQ(
      read(llama, R"({"name": "now", "parameters": {}}; {"name": "now", "parameters": {}})").calls.size(),
      2u);
  for (const std::string source :
       {R"({"name": "Ada", "parameters": {}})", R"({"name": "now"})", R"({"city": "Berlin"})",
        R"(As JSON: {"name": "now", "parameters": {}})"}) {
    EXPECT_EQ(read(llama, source), text_only(source));
  }
}

TEST(AnswerParser, ReadsWhatSmallModelsMakeOfTheHermesNotation) {
  const std::string call = R"({"name": "get_weather", "arguments": {"city": "Berlin"}})";
  for (const std::string& source : {call, "```json\n" + call + "\n```", "<tools>\n" + call + "\n</tools>"}) {
    EXPECT_EQ(read(hermes_format, source).calls, std::vector{berlin}) << source;
    EXPECT_EQ(read(hermes_format, source).content, "") << source;
  }
  EXPECT_EQ(read(hermes_format, "{" + call + "}").calls, std::vector{berlin});
  EXPECT_EQ(read(hermes_format, "{" + call + "}").content, "");
  const std::string code = "```json\n{\"a\": 1}\n```\n";
  EXPECT_EQ(read(hermes_format, code), text_only(code));
}

TEST(AnswerParser, TypesBareValuesByTheToolsSchema) {
  const auto arguments = [](const std::string& key, const std::string& value) {
    const ReadAnswer answer = read(coder, "<tool_call>\n<function=get_weather>\n<parameter=" + key + ">\n" +
                                              value + "\n</parameter>\n</function>\n</tool_call>");
    return answer.calls.size() == 1 ? answer.calls[0].arguments : "no call: " + answer.content;
  };
  EXPECT_EQ(arguments("city", "5"), R"({"city": "5"})");
  EXPECT_EQ(arguments("city", "a \"b\"\n\n<x> ä"), "{\"city\": \"a \\\"b\\\"\\n\\n<x> ä\"}");
  EXPECT_EQ(arguments("city", ""), R"({"city": ""})");
  EXPECT_EQ(arguments("city", "\n"), R"({"city": "\n"})");
  EXPECT_EQ(arguments("days", "5"), R"({"days": 5})");
  EXPECT_EQ(arguments("days", "True"), R"({"days": true})");
  EXPECT_EQ(arguments("days", "five"), R"({"days": "five"})");
  EXPECT_EQ(arguments("unit", "None"), R"({"unit": null})");
  EXPECT_EQ(arguments("unit", "5"), R"({"unit": "5"})");
  EXPECT_EQ(arguments("code", "2"), R"({"code": "2"})");
  EXPECT_EQ(arguments("code", "null"), R"({"code": null})");
  EXPECT_EQ(arguments("kind", "7"), R"({"kind": "7"})");
  EXPECT_EQ(arguments("any", "[1, 2]"), R"({"any": [1, 2]})");
  EXPECT_EQ(arguments("other", "\"x\""), R"({"other": "\"x\""})");
}

TEST(AnswerParser, StreamsTextsBetweenTags) {
  const auto parser = make_answer_parser(coder, tools());
  parser->push("<tool_call>\n<function=get_weather>\n<parameter=city>\n");
  EXPECT_EQ(parser->push("New").front().text, R"({"city": "New)");
  EXPECT_EQ(parser->push(" York\n").front().text, " York");
}

TEST(AnswerParser, ReadsPythonsLiterals) {
  const ReadAnswer answer = read(
      python, R"([get_weather(city='it\'s "x"', days=-1, any={'a': [1., None, True], "b": (2,)}), now()])");
  EXPECT_EQ(answer.calls,
            (std::vector<ReadCall>{
                {"get_weather", "",
                 R"({"city": "it's \"x\"", "days": -1, "any": {"a": [1.0, null, true], "b": [2]}})"},
                {"now", "", "{}"}}));
  EXPECT_EQ(read(python, "[now(), ]"),
            (ReadAnswer{.content = "", .reasoning = "", .calls = {{"now", "", "{}"}}}));
  EXPECT_EQ(read(python, "[]"), text_only("[]"));
  EXPECT_EQ(read(python, "[1, 2]"), text_only("[1, 2]"));
  EXPECT_EQ(read(python, "[unknown(a=1)]"), text_only("[unknown(a=1)]"));
  EXPECT_EQ(read(python, "[now(a=b)]"), text_only("[now(a=b)]", 1));
}

TEST(AnswerParser, ReadsTheIdsThatModelsGive) {
  EXPECT_EQ(read(mistral, "[TOOL_CALLS]now[CALL_ID]abc123def[ARGS]{}").calls,
            (std::vector<ReadCall>{{"now", "abc123def", "{}"}}));
  EXPECT_EQ(read(mistral, "[TOOL_CALLS]now{}").calls, (std::vector<ReadCall>{{"now", "", "{}"}}));
  EXPECT_EQ(read(kimi_format,
                 "<think>a<|tool_calls_section_begin|><|tool_call_begin|>functions.now:3<|tool_call_argument_"
                 "begin|>{}"
                 "<|tool_call_end|><|tool_calls_section_end|>"),
            (ReadAnswer{.content = "", .reasoning = "a", .calls = {{"now", "functions.now:3", "{}"}}}));
}

TEST(AnswerParser, ReadsPhisList) {
  EXPECT_EQ(read(phi_format,
                 R"(<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Berlin"}}]<|/tool_call|>)"),
            (ReadAnswer{.content = "", .reasoning = "", .calls = {berlin}}));
}

TEST(AnswerParser, ReadsTheChannelsOfHarmony) {
  const std::string thought = "<|channel|>analysis<|message|>Need weather.<|end|><|start|>assistant";
  EXPECT_EQ(read(harmony_format, thought + "<|channel|>final<|message|>Sunny."),
            (ReadAnswer{.content = "Sunny.", .reasoning = "Need weather.", .calls = {}}));
  for (const std::string header :
       {"<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>",
        " to=functions.get_weather<|channel|>commentary json<|message|>",
        "<|channel|>analysis to=functions.get_weather code<|message|>"}) {
    const ReadAnswer answer = read(harmony_format, thought + header + R"({"city": "Berlin"})");
    EXPECT_EQ(answer.reasoning, "Need weather.");
    EXPECT_EQ(answer.calls, std::vector{berlin});
    EXPECT_EQ(answer.content, "");
  }
  EXPECT_EQ(read(harmony_format,
                 "<|channel|>commentary<|message|>Let me see.<|end|><|start|>assistant<|channel|>commentary "
                 "to=functions.now <|constrain|>json<|message|>{}")
                .content,
            "Let me see.");
}

TEST(AnswerParser, LosesNothingThatHarmonyDoesNotKnow) {
  EXPECT_EQ(read(harmony_format, "To be or not"), text_only("To be or not"));
  EXPECT_EQ(read(harmony_format, "to=x"), text_only("to=x"));
  const std::string truncated = "<|channel|>commentary to=functions.now <|constrain|>json<|message|>{\"a\": ";
  EXPECT_EQ(read(harmony_format, truncated), text_only(truncated, 1));
  const std::string foreign = "<|channel|>commentary to=browser.search<|message|>{}";
  EXPECT_EQ(read(harmony_format, foreign), text_only(foreign));
}

TEST(AnswerStyle, ShowsTheSpecialTokensThatItsReaderNeeds) {
  const FakeTokenizer tokenizer({"<tool_call>", "<think>", "<|im_end|>", "a"}, {0, 1, 2});
  EXPECT_EQ(find_markup_tokens(hermes_format, tokenizer), (std::vector<TokenId>{0, 1}));
  EXPECT_EQ(find_markup_tokens({}, tokenizer), std::vector<TokenId>());
}

TEST(AnswerStyle, IsNoneForTemplatesWithoutToolsOrThinking) {
  const FakeTokenizer tokenizer({"a"});
  EXPECT_EQ(choose_answer_style("{{ messages }}<|im_start|>", tokenizer), AnswerStyle());
  EXPECT_EQ(choose_answer_style("<|tool|>", FakeTokenizer({"<|tool_call|>"})),
            (AnswerStyle{.calls = CallStyle::phi, .thinking = ThinkingStyle::none}));
}

}  // namespace
}  // namespace shoal
