#include "answers/chat_context.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "answers/answer_parser.h"
#include "base/os.h"
#include "base/test_data_for_test.h"
#include "tokens/golden_files_for_test.h"

namespace shoal {
namespace {

ChatTemplate parse(const std::string& source) { return *ChatTemplate::parse(source); }

AnswerStyle format_of(CallStyle calls, ThinkingStyle thinking = ThinkingStyle::none) {
  return {.calls = calls, .thinking = thinking};
}

std::string adapted(CallStyle calls, ArgumentForm form, std::string_view messages) {
  const Value context = json("{\"messages\": " + std::string(messages) + "}");
  return format_json(*adapt_chat_context(context, format_of(calls), form).find("messages"));
}

constexpr const char* loop = "{% for m in messages %}{% for c in m.tool_calls %}";
constexpr const char* loop_end = "{% endfor %}{% endfor %}";

TEST(ChatContext, FindsInWhichFormATemplateTakesArguments) {
  const auto form_of = [](const std::string& body) {
    return find_argument_form(parse(loop + body + loop_end), format_of(CallStyle::hermes));
  };
  EXPECT_EQ(form_of("{{ c.function.arguments | tojson }}"), ArgumentForm::object);
  EXPECT_EQ(form_of("{% for k, v in c.function.arguments | items %}{{ k }}{{ v }}{% endfor %}"),
            ArgumentForm::object);
  EXPECT_EQ(form_of("{{ 'x' + c.function.arguments }}"), ArgumentForm::text);
  EXPECT_EQ(form_of("{{ c.function.arguments }}"), ArgumentForm::text);
  EXPECT_EQ(form_of("{{ raise_exception('no') }}"), ArgumentForm::object);
}

TEST(ChatContext, FindsTheFormsOfRealTemplates) {
  const std::vector<std::tuple<const char*, CallStyle, ArgumentForm>> templates{
      {"llama.cpp-2026/Qwen-Qwen3-0.6B.jinja", CallStyle::hermes, ArgumentForm::object},
      {"llama.cpp-2026/Qwen3-Coder.jinja", CallStyle::qwen_coder, ArgumentForm::object},
      {"llama.cpp-2026/GLM-4.6.jinja", CallStyle::glm, ArgumentForm::object},
      {"llama.cpp-2026/openai-gpt-oss-120b.jinja", CallStyle::harmony, ArgumentForm::object},
      {"mistral-common/v3.jinja", CallStyle::mistral_list, ArgumentForm::text},
      {"mistral-common/v13.jinja", CallStyle::mistral_named, ArgumentForm::object},
  };
  for (const auto& [file, calls, form] : templates) {
    const Result<std::string> source = os::read_text_file(test_data_path(std::string("templates/") + file));
    if (!source) GTEST_SKIP() << file;
    EXPECT_EQ(find_argument_form(parse(*source), format_of(calls)), form) << file;
  }
}

TEST(ChatContext, GivesArgumentsAsTheTemplateTakesThem) {
  const std::string_view text = R"([{"role":"assistant","content":"","tool_calls":[
      {"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]}])";
  const std::string_view object = R"([{"role":"assistant","content":"","tool_calls":[
      {"id":"1","type":"function","function":{"name":"f","arguments":{"a":1}}}]}])";
  const std::string as_object = format_json(json(object));
  const std::string as_text = format_json(json(text));
  EXPECT_EQ(adapted(CallStyle::hermes, ArgumentForm::object, text), as_object);
  EXPECT_EQ(adapted(CallStyle::hermes, ArgumentForm::object, object), as_object);
  EXPECT_EQ(adapted(CallStyle::hermes, ArgumentForm::text, object), as_text);
  EXPECT_EQ(adapted(CallStyle::hermes, ArgumentForm::text, text), as_text);
}

TEST(ChatContext, LeavesArgumentsThatAreNoObjectAsTheyAre) {
  const std::string_view messages = R"([{"role":"assistant","content":"","tool_calls":[
      {"id":"1","type":"function","function":{"name":"f","arguments":"{oh"}}]},5])";
  EXPECT_EQ(adapted(CallStyle::hermes, ArgumentForm::object, messages), format_json(json(messages)));
}

TEST(ChatContext, GivesMistralIdsOfNineLettersThatStillBelongTogether) {
  const Value messages =
      json(adapted(CallStyle::mistral_list, ArgumentForm::object,
                   R"([{"role":"assistant","tool_calls":[{"id":"call_0123456789ab","function":{}},
                                          {"id":"abcdef123","function":{}}]},
                                          {"role":"tool","tool_call_id":"call_0123456789ab"}])"));
  const Value& calls = *(*messages.array())[0].find("tool_calls");
  const std::string id = *(*calls.array())[0].find("id")->text();
  EXPECT_EQ(id.size(), 9u);
  EXPECT_EQ(*(*calls.array())[1].find("id")->text(), "abcdef123");
  EXPECT_EQ(*(*messages.array())[1].find("tool_call_id")->text(), id);
}

TEST(ChatContext, GivesOneCallAMessageWhereTheTemplateTakesNoMore) {
  EXPECT_EQ(
      adapted(CallStyle::llama_json, ArgumentForm::object,
              R"([{"role":"assistant","content":"x","tool_calls":[{"id":"1"},{"id":"2"}]},
                        {"role":"tool","tool_call_id":"2"},{"role":"tool","tool_call_id":"1"},
                        {"role":"tool","tool_call_id":"3"},{"role":"user"}])"),
      R"([{"role":"assistant","content":"x","tool_calls":[{"id":"1"}]},{"role":"tool","tool_call_id":"1"},)"
      R"({"role":"assistant","content":"","tool_calls":[{"id":"2"}]},{"role":"tool","tool_call_id":"2"},)"
      R"({"role":"tool","tool_call_id":"3"},{"role":"user"}])");
}

TEST(ChatContext, GivesGptOssItsThinkingAndDescriptions) {
  const Value context = adapt_chat_context(
      json(
          R"({"messages": [{"role": "assistant", "content": "y", "reasoning_content": "x", "tool_calls": [{"id": "1"}]}],
               "tools": [{"type": "function", "function": {"name": "f"}}]})"),
      format_of(CallStyle::harmony), ArgumentForm::object);
  const Value& message = context.find("messages")->array()->front();
  EXPECT_EQ(*message.find("thinking")->text(), "x\ny");
  EXPECT_EQ(*message.find("content")->text(), "");
  EXPECT_EQ(*context.find("tools")->array()->front().find("function")->find("description")->text(), "");
}

TEST(ChatContext, TellsFromThePromptsEndWhetherTheModelThinks) {
  const AnswerStyle qwen = format_of(CallStyle::hermes, ThinkingStyle::angle);
  const auto end_of = [&](std::string_view prompt) { return read_prompt_end(prompt, qwen); };
  EXPECT_EQ(end_of("assistant\n").thinking, ThinkingState::possible);
  EXPECT_EQ(end_of("assistant\n").already, "");
  EXPECT_EQ(end_of("assistant\n<think>\n").thinking, ThinkingState::open);
  EXPECT_EQ(end_of("assistant\n<think>\n").already, "<think>");
  EXPECT_EQ(end_of("assistant\n<think>\n\n</think>\n\n").thinking, ThinkingState::none);
  EXPECT_EQ(read_prompt_end("<think>", format_of(CallStyle::hermes)).thinking, ThinkingState::none);
}

}  // namespace
}  // namespace shoal
