#include "api/chat_tools.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/api_server_for_test.h"

namespace shoal {
namespace {

using nlohmann::json;

// What a Qwen model makes of a question about the weather, in pieces.
const std::vector<std::string> call_pieces{
    "<think>\n", "Hm.", "\n</think>\n\nLet me see.\n<tool_call>\n{\"name\": \"get",
    "_weather\", \"arguments\": {\"city\": ", "\"Berlin\"}}\n</tool_call>"};
const AnswerOpening qwen{.format = {.calls = CallStyle::hermes, .thinking = ThinkingStyle::angle}};

std::string weather_request(const std::string& members) {
  return R"({"model":"tiny","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{
      "name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}])" +
         members + "}";
}

TEST_F(ApiServerTest, ACallOfAToolComesWhole) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission, call_pieces, FinishReason::stop, 5, qwen);
  };
  start();
  const json choice = json::parse(post("/v1/chat/completions", weather_request("")).body).at("choices")[0];
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  const json& message = choice.at("message");
  EXPECT_EQ(message.at("reasoning_content"), "Hm.");
  EXPECT_EQ(message.at("content"), "Let me see.");
  ASSERT_EQ(message.at("tool_calls").size(), 1u);
  const json& call = message.at("tool_calls")[0];
  EXPECT_TRUE(call.at("id").get<std::string>().starts_with("call_"));
  EXPECT_EQ(call.at("type"), "function");
  EXPECT_EQ(call.at("function"), (json{{"name", "get_weather"}, {"arguments", R"({"city": "Berlin"})"}}));
}

TEST_F(ApiServerTest, ACallOfAToolStreamsItsArguments) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission, call_pieces, FinishReason::stop, 5, qwen);
  };
  start();
  const auto events = parse_events(post("/v1/chat/completions", weather_request(R"(,"stream":true)")).body);
  std::vector<json> deltas;
  for (size_t i = 0; i + 1 < events.size(); ++i)
    deltas.push_back(json::parse(events[i]).at("choices")[0].at("delta"));
  ASSERT_EQ(deltas.size(), 7u);
  EXPECT_EQ(deltas[1], (json{{"reasoning_content", "Hm."}}));
  EXPECT_EQ(deltas[2], (json{{"content", "Let me see."}}));
  const json begin = deltas[3].at("tool_calls")[0];
  EXPECT_EQ(begin.at("index"), 0);
  EXPECT_EQ(begin.at("function"), (json{{"name", "get_weather"}, {"arguments", ""}}));
  EXPECT_TRUE(begin.contains("id"));
  const auto arguments = [](const std::string& text) {
    return json{{"tool_calls", {{{"index", 0}, {"function", {{"arguments", text}}}}}}};
  };
  EXPECT_EQ(deltas[4], arguments("{\"city\": "));
  EXPECT_EQ(deltas[5], arguments("\"Berlin\"}"));
  EXPECT_EQ(deltas[6], json::object());
  EXPECT_EQ(json::parse(events[6]).at("choices")[0].at("finish_reason"), "tool_calls");
}

TEST_F(ApiServerTest, ACallOfNoToolIsTextAndOneThatIsCutACall) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission, call_pieces, FinishReason::stop, 5, qwen);
  };
  start();
  const json untold =
      json::parse(
          post("/v1/chat/completions", R"({"model":"tiny","messages":[{"role":"user","content":"x"}]})").body)
          .at("choices")[0];
  EXPECT_EQ(untold.at("finish_reason"), "stop");
  EXPECT_TRUE(untold.at("message").at("content").get<std::string>().ends_with("</tool_call>"));
  EXPECT_FALSE(untold.at("message").contains("tool_calls"));

  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission, {"<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\""},
           FinishReason::length, 5, qwen);
  };
  const json cut = json::parse(post("/v1/chat/completions", weather_request("")).body).at("choices")[0];
  EXPECT_EQ(cut.at("finish_reason"), "length");
  EXPECT_EQ(cut.at("message").at("content"), nullptr);  // as with OpenAI: a call, with what there is of it
  EXPECT_EQ(cut.at("message").at("tool_calls").at(0).at("function").at("arguments"), "{\"city\"");
}

TEST_F(ApiServerTest, ACallThatMustBeMadeIsToldToTheService) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission,
           {"<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Bonn\"}}\n</tool_call>",
            "\n<tool_call>\n{\"name\": \"get_weather\"}\n</tool_call>"},
           FinishReason::stop, 5, qwen);
  };
  start();
  const std::string named = R"(,"tool_choice":{"type":"function","function":{"name":"get_weather"}})";
  const auto choice_of = [&](const std::string& members) {
    return json::parse(post("/v1/chat/completions", weather_request(members)).body).at("choices")[0];
  };
  EXPECT_EQ(choice_of(named).at("message").at("tool_calls").size(), 2u);
  const json single = choice_of(named + R"(,"parallel_tool_calls":false)");
  EXPECT_EQ(single.at("finish_reason"), "tool_calls");
  ASSERT_EQ(single.at("message").at("tool_calls").size(), 1u);
  EXPECT_EQ(single.at("message").at("tool_calls")[0].at("function").at("arguments"), R"({"city": "Bonn"})");
  backend.next_submission();
  const ToolUse told = backend.next_submission().request.tools;
  EXPECT_EQ(told.choice, ToolChoice::named);
  EXPECT_EQ(told.function, "get_weather");
  EXPECT_FALSE(told.is_parallel);
  EXPECT_NE(told.functions.find(R"("city":{"type":"string"})"), std::string::npos) << told.functions;
}

TEST_F(ApiServerTest, ACallOfAFunctionIsWrittenAsFunctionsWere) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission, call_pieces, FinishReason::stop, 5, qwen);
  };
  start();
  const std::string body =
      R"({"model":"tiny","messages":[{"role":"user","content":"x"}],"functions":[{"name":"get_weather"}])";
  const json choice = json::parse(post("/v1/chat/completions", body + "}").body).at("choices")[0];
  EXPECT_EQ(choice.at("finish_reason"), "function_call");
  EXPECT_FALSE(choice.at("message").contains("tool_calls"));
  EXPECT_EQ(choice.at("message").at("function_call"),
            (json{{"name", "get_weather"}, {"arguments", R"({"city": "Berlin"})"}}));
  std::string name, arguments, reason;
  for (const std::string& event :
       parse_events(post("/v1/chat/completions", body + R"(,"stream":true})").body)) {
    if (event == "[DONE]") continue;
    const json streamed = json::parse(event).at("choices")[0];
    if (streamed.at("finish_reason").is_string()) reason = streamed.at("finish_reason");
    const json call = streamed.at("delta").value("function_call", json::object());
    name += call.value("name", "");
    arguments += call.value("arguments", "");
  }
  EXPECT_EQ(name, "get_weather");
  EXPECT_EQ(arguments, R"({"city": "Berlin"})");
  EXPECT_EQ(reason, "function_call");
}

TEST_F(ApiServerTest, MistralsCallsHaveIdsOfNineLetters) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission, {"[TOOL_CALLS]get_weather[ARGS]{}"}, FinishReason::stop, 5,
           {.format = {.calls = CallStyle::mistral_named}});
  };
  start();
  const json answer = json::parse(post("/v1/chat/completions", weather_request("")).body);
  EXPECT_EQ(answer.at("choices")[0].at("message").at("tool_calls")[0].at("id").get<std::string>().size(), 9u);
  EXPECT_TRUE(answer.at("choices")[0].at("message").at("content").is_null());
}

}  // namespace
}  // namespace shoal
