#include "api/api_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "api/fake_backend.h"
#include "api/raw_http_client.h"

namespace shoal {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kHello = R"({"model":"tiny","messages":[{"role":"user","content":"hello"}]})";

class ApiServerTest : public ::testing::Test {
 protected:
  void start() {
    settings.host = "127.0.0.1";
    settings.port = 0;
    server.emplace(settings, backend);
    const auto started = server->start();
    ASSERT_TRUE(started) << started.error().message;
  }
  void answer_with(std::vector<std::string> pieces, FinishReason reason = FinishReason::stop) {
    backend.script = [=](const FakeBackend::Submission& submission) { answer(submission, pieces, reason); };
  }
  RawHttpClient::Response get(const std::string& path) {
    return RawHttpClient(server->port()).get(path).value();
  }
  RawHttpClient::Response post(const std::string& path, std::string_view body) {
    return RawHttpClient(server->port()).post(path, body).value();
  }
  // Status, and the error's fields as one object.
  std::pair<int, json> post_error(const std::string& path, std::string_view body) {
    const auto response = post(path, body);
    return {response.status, json::parse(response.body).at("error")};
  }

  ApiSettings settings;
  FakeBackend backend;
  std::optional<ApiServer> server;
};

// The data of each event; comments are left out.
std::vector<std::string> parse_events(const std::string& stream) {
  std::vector<std::string> events;
  for (size_t at = 0; at < stream.size();) {
    const size_t end = stream.find("\n\n", at);
    if (end == std::string::npos) {
      ADD_FAILURE() << "an event without an end: " << stream.substr(at);
      break;
    }
    const std::string event = stream.substr(at, end - at);
    if (event.starts_with("data: ")) {
      events.push_back(event.substr(6));
    } else {
      EXPECT_TRUE(event.starts_with(": ")) << event;
    }
    at = end + 2;
  }
  return events;
}

TEST_F(ApiServerTest, AChatIsAnsweredWhole) {
  answer_with({"Hel", "lo", "!"});
  start();
  for (const char* path : {"/v1/chat/completions", "/chat/completions"}) {
    const auto response = post(path, kHello);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("content-type"), "application/json");
    const json body = json::parse(response.body);
    EXPECT_TRUE(body.at("id").get<std::string>().starts_with("chatcmpl-"));
    EXPECT_EQ(body.at("object"), "chat.completion");
    EXPECT_EQ(body.at("model"), "tiny");
    EXPECT_GT(body.at("created").get<int64_t>(), 1700000000);
    ASSERT_EQ(body.at("choices").size(), 1u);
    const json& choice = body.at("choices")[0];
    EXPECT_EQ(choice.at("index"), 0);
    EXPECT_EQ(choice.at("message").at("role"), "assistant");
    EXPECT_EQ(choice.at("message").at("content"), "Hello!");
    EXPECT_EQ(choice.at("finish_reason"), "stop");
    EXPECT_TRUE(choice.at("logprobs").is_null());
    EXPECT_EQ(body.at("usage"), (json{{"prompt_tokens", 5}, {"completion_tokens", 3}, {"total_tokens", 8}}));
  }
}

TEST_F(ApiServerTest, AChatIsStreamedRoleFirstAndDoneLast) {
  answer_with({"Hel", "", "lo"}, FinishReason::length);
  start();
  const auto response =
      post("/v1/chat/completions",
           R"({"model":"tiny","stream":true,"messages":[{"role":"user","content":"hello"}]})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-type"), "text/event-stream; charset=utf-8");
  const auto events = parse_events(response.body);
  ASSERT_EQ(events.size(), 5u) << response.body;  // role, two pieces, finish, [DONE]
  EXPECT_EQ(events.back(), "[DONE]");
  std::vector<json> chunks;
  for (size_t i = 0; i + 1 < events.size(); ++i) chunks.push_back(json::parse(events[i]));
  for (const json& chunk : chunks) {
    EXPECT_EQ(chunk.at("object"), "chat.completion.chunk");
    EXPECT_EQ(chunk.at("id"), chunks[0].at("id"));
    EXPECT_EQ(chunk.at("choices")[0].at("index"), 0);
    EXPECT_FALSE(chunk.contains("usage"));
  }
  const auto delta = [&](size_t i) { return chunks[i].at("choices")[0].at("delta"); };
  EXPECT_EQ(delta(0), (json{{"role", "assistant"}, {"content", ""}}));
  EXPECT_EQ(delta(1), (json{{"content", "Hel"}}));
  EXPECT_EQ(delta(2), (json{{"content", "lo"}}));
  EXPECT_EQ(delta(3), json::object());
  EXPECT_TRUE(chunks[2].at("choices")[0].at("finish_reason").is_null());
  EXPECT_EQ(chunks[3].at("choices")[0].at("finish_reason"), "length");
}

TEST_F(ApiServerTest, UsageComesAsTheLastEventWhereItIsAskedFor) {
  answer_with({"a", "b"});
  start();
  const auto response = post("/v1/chat/completions", R"({"model":"tiny","stream":true,
      "stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]})");
  const auto events = parse_events(response.body);
  for (size_t i = 0; i + 2 < events.size(); ++i) EXPECT_TRUE(json::parse(events[i]).at("usage").is_null());
  const json last = json::parse(events.at(events.size() - 2));
  EXPECT_EQ(last.at("choices"), json::array());
  EXPECT_EQ(last.at("usage").at("total_tokens"), 7);
}

TEST_F(ApiServerTest, SeveralChoicesKeepTheirPlaces) {
  backend.script = [](const FakeBackend::Submission& submission) {
    ResponseSink& sink = *submission.sink;
    const auto token = [](const char* text) {
      return DeliveredToken{.index = 0, .token = 1, .text = text, .logprob = {}, .top_logprobs = {}};
    };
    sink.on_accepted(2, {});
    sink.on_token(1, token("one"));
    sink.on_token(0, token("zero"));
    sink.on_finished(1,
                     {.reason = FinishReason::length, .text = "!", .stopped_at = {}, .completion_tokens = 1});
    sink.on_finished(0, {.reason = FinishReason::stop, .text = "", .stopped_at = {}, .completion_tokens = 1});
    sink.on_done();
  };
  start();
  const json whole = json::parse(post("/v1/chat/completions", R"({"model":"tiny","n":2,
      "messages":[{"role":"user","content":"x"}]})")
                                     .body);
  EXPECT_EQ(whole.at("choices")[0].at("message").at("content"), "zero");
  EXPECT_EQ(whole.at("choices")[1].at("message").at("content"), "one!");
  EXPECT_EQ(whole.at("choices")[1].at("finish_reason"), "length");
  EXPECT_EQ(whole.at("usage").at("completion_tokens"), 2);

  const auto events = parse_events(post("/v1/chat/completions", R"({"model":"tiny","n":2,"stream":true,
      "messages":[{"role":"user","content":"x"}]})")
                                       .body);
  std::map<int, std::string> texts;
  for (size_t i = 0; i + 1 < events.size(); ++i) {
    const json choice = json::parse(events[i]).at("choices")[0];
    texts[choice.at("index")] += choice.at("delta").value("content", "");
  }
  EXPECT_EQ(texts, (std::map<int, std::string>{{0, "zero"}, {1, "one!"}}));
}

TEST_F(ApiServerTest, LogprobsHaveOpenAisChatShape) {
  answer_with({"Hi", "\xf0\x9f"});  // the second token is half a character
  start();
  const json body =
      json::parse(post("/v1/chat/completions", R"({"model":"tiny","logprobs":true,"top_logprobs":2,
      "messages":[{"role":"user","content":"x"}]})")
                      .body);
  const json content = body.at("choices")[0].at("logprobs").at("content");
  ASSERT_EQ(content.size(), 2u);
  EXPECT_EQ(content[0].at("token"), "Hi");
  EXPECT_EQ(content[0].at("logprob"), -0.5);
  EXPECT_EQ(content[0].at("bytes"), (json{72, 105}));
  ASSERT_EQ(content[0].at("top_logprobs").size(), 2u);
  EXPECT_EQ(content[0].at("top_logprobs")[1],
            (json{{"token", "alt1"}, {"logprob", -1.5}, {"bytes", {97, 108, 116, 49}}}));
  EXPECT_EQ(content[1].at("token"), "bytes:\\xf0\\x9f");
  EXPECT_EQ(content[1].at("bytes"), (json{240, 159}));
}

TEST_F(ApiServerTest, EveryTokenHasItsEventWhereLogprobsAreAskedFor) {
  answer_with({"a", "", "b"});
  start();
  const auto events =
      parse_events(post("/v1/chat/completions", R"({"model":"tiny","logprobs":true,"stream":true,
      "messages":[{"role":"user","content":"x"}]})")
                       .body);
  int64_t entries = 0;
  for (size_t i = 0; i + 1 < events.size(); ++i) {
    const json logprobs = json::parse(events[i]).at("choices")[0].at("logprobs");
    if (!logprobs.is_null()) entries += static_cast<int64_t>(logprobs.at("content").size());
  }
  EXPECT_EQ(entries, 3);
}

TEST_F(ApiServerTest, ALogprobOfMinusInfinityIsStillJson) {
  backend.script = [](const FakeBackend::Submission& submission) {
    submission.sink->on_token(0, {.index = 0,
                                  .token = 1,
                                  .text = "a",
                                  .logprob = TokenLogprob{1, "a", -std::numeric_limits<float>::infinity()},
                                  .top_logprobs = {}});
    submission.sink->on_done();
  };
  start();
  const json body = json::parse(post("/v1/chat/completions", R"({"model":"tiny","logprobs":true,
      "messages":[{"role":"user","content":"x"}]})")
                                    .body);
  EXPECT_EQ(body.at("choices")[0].at("logprobs").at("content")[0].at("logprob"), -9999.0);
}

TEST_F(ApiServerTest, ATextIsCompletedWithLogprobsInTheOlderShape) {
  answer_with({"Grü", "ße", "!"});
  start();
  const auto response = post("/v1/completions", R"({"model":"tiny","prompt":"x","logprobs":2})");
  const json body = json::parse(response.body);
  EXPECT_EQ(body.at("object"), "text_completion");
  const json& choice = body.at("choices")[0];
  EXPECT_EQ(choice.at("text"), "Grüße!");
  EXPECT_EQ(choice.at("finish_reason"), "stop");
  EXPECT_EQ(choice.at("logprobs").at("tokens"), (json{"Grü", "ße", "!"}));
  EXPECT_EQ(choice.at("logprobs").at("token_logprobs"), (json{-0.5, -0.5, -0.5}));
  EXPECT_EQ(choice.at("logprobs").at("text_offset"), (json{0, 3, 5}));
  EXPECT_EQ(choice.at("logprobs").at("top_logprobs")[0], (json{{"Grü", -0.5}, {"alt1", -1.5}}));

  const auto events = parse_events(
      post("/v1/completions", R"({"model":"tiny","prompt":"x","logprobs":0,"stream":true})").body);
  EXPECT_EQ(events.back(), "[DONE]");
  std::string text;
  std::vector<int64_t> offsets;
  for (size_t i = 0; i + 1 < events.size(); ++i) {
    const json part = json::parse(events[i]).at("choices")[0];
    text += part.at("text");
    if (!part.at("logprobs").is_null()) offsets.push_back(part.at("logprobs").at("text_offset")[0]);
  }
  EXPECT_EQ(text, "Grüße!");
  EXPECT_EQ(offsets, (std::vector<int64_t>{0, 3, 5}));
}

TEST_F(ApiServerTest, EachPromptOfAListGetsItsChoices) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission, {std::get<PromptText>(submission.request.prompt).text + "."});
  };
  start();
  const json body = json::parse(post("/v1/completions", R"({"model":"tiny","prompt":["a","b"],"n":2})").body);
  std::vector<std::string> texts;
  for (const json& choice : body.at("choices")) texts.push_back(choice.at("text"));
  EXPECT_EQ(texts, (std::vector<std::string>{"a.", "a.", "b.", "b."}));
  EXPECT_EQ(body.at("usage"), (json{{"prompt_tokens", 10}, {"completion_tokens", 4}, {"total_tokens", 14}}));
}

TEST_F(ApiServerTest, WhenOnePromptOfAListFailsTheOthersAreCancelled) {
  start();
  RawHttpClient client(server->port());
  client.send_post("/v1/completions", R"({"model":"tiny","prompt":["a","b"]})");
  const auto first = backend.next_submission();
  const auto second = backend.next_submission();
  second.sink->on_failed({ErrorCode::invalid_argument, "the prompt is longer than the context: 9 over 8"});
  const auto response = client.read_response();
  EXPECT_EQ(response->status, 400);
  EXPECT_NE(response->body.find("9 over 8"), std::string::npos);
  EXPECT_TRUE(backend.wait_for_cancel(first.request.request));
  EXPECT_EQ(backend.cancel_count(), 1);
}

// What a Qwen model makes of a question about the weather, in pieces.
const std::vector<std::string> kCallPieces{
    "<think>\n", "Hm.", "\n</think>\n\nLet me see.\n<tool_call>\n{\"name\": \"get",
    "_weather\", \"arguments\": {\"city\": ", "\"Berlin\"}}\n</tool_call>"};
const AnswerOpening kQwen{.format = {.calls = CallStyle::hermes, .thinking = ThinkingStyle::angle}};

std::string weather_request(const std::string& members) {
  return R"({"model":"tiny","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{
      "name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}])" +
         members + "}";
}

TEST_F(ApiServerTest, ACallOfAToolComesWhole) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission, kCallPieces, FinishReason::stop, 5, kQwen);
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
    answer(submission, kCallPieces, FinishReason::stop, 5, kQwen);
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

TEST_F(ApiServerTest, AMalformedCallAndOneOfNoToolAreText) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission, kCallPieces, FinishReason::stop, 5, kQwen);
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
           FinishReason::length, 5, kQwen);
  };
  const json cut = json::parse(post("/v1/chat/completions", weather_request("")).body).at("choices")[0];
  EXPECT_EQ(cut.at("finish_reason"), "length");
  EXPECT_EQ(cut.at("message").at("content"),
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\"");
  EXPECT_FALSE(cut.at("message").contains("tool_calls"));
}

TEST_F(ApiServerTest, ACallThatMustBeMadeIsToldToTheService) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission,
           {"<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Bonn\"}}\n</tool_call>",
            "\n<tool_call>\n{\"name\": \"get_weather\"}\n</tool_call>"},
           FinishReason::stop, 5, kQwen);
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

TEST_F(ApiServerTest, TheServiceIsToldWhatTheClientWants) {
  settings.default_temperature = 0.25;
  settings.max_generate_tokens = 100;
  settings.system_prompt = "be kind";
  start();
  RawHttpClient client(server->port());
  client.send_post("/v1/chat/completions",
                   R"({"model":"tiny","seed":7,"n":2,"temperature":0.5,"max_tokens":100000,
      "min_tokens":3,"ignore_eos":true,"stop":"x","logprobs":true,"messages":[{"role":"user","content":"hello"}]})");
  const ServiceRequest request = backend.next_submission().request;
  EXPECT_EQ(request.model, "tiny");
  EXPECT_EQ(request.seed, 7u);
  EXPECT_EQ(request.choice_count, 2u);
  EXPECT_EQ(request.sampling.temperature, 0.5);
  EXPECT_EQ(request.sampling.default_temperature, 0.25);
  EXPECT_EQ(request.max_tokens, 100);
  EXPECT_EQ(request.min_tokens, 3);
  EXPECT_TRUE(request.ignore_end_tokens);
  EXPECT_EQ(request.stop_strings, std::vector<std::string>{"x"});
  EXPECT_EQ(request.top_logprobs, 0);
  EXPECT_EQ(std::get<PromptChat>(request.prompt).messages_json,
            R"({"messages":[{"role":"system","content":"be kind"},{"role":"user","content":"hello"}],)"
            R"("add_generation_prompt":true})");
}

TEST_F(ApiServerTest, AModelIsNamedOrTheDefault) {
  start();
  const auto [status, error] =
      post_error("/v1/chat/completions", R"({"messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(status, 400);
  EXPECT_EQ(error.at("param"), "model");
  server.reset();

  settings.default_model = "tiny";
  start();
  for (const char* wish : {"", R"("model":"",)", R"("model":"gpt-4o",)"}) {
    RawHttpClient client(server->port());
    client.send_post("/v1/chat/completions",
                     fmt::format(R"({{{}"messages":[{{"role":"user","content":"x"}}]}})", wish));
    EXPECT_EQ(backend.next_submission().request.model, "tiny") << wish;
  }
  backend.model_list.push_back({.name = "gpt-oss-20b", .is_loaded = false});
  RawHttpClient client(server->port());
  client.send_post("/v1/completions", R"({"model":"gpt-oss-20b","prompt":"x"})");
  EXPECT_EQ(backend.next_submission().request.model, "gpt-oss-20b");
}

TEST_F(ApiServerTest, AnUnknownModelIsA404AndAPathIsNeverAModel) {
  backend.script = [](const FakeBackend::Submission& submission) {
    submission.sink->on_failed({ErrorCode::not_found, "no model \"huge\" on any disk"});
  };
  start();
  for (const char* name : {"huge", "/etc/passwd", "../tiny", "a/b", "..\\\\x", ".."}) {
    const auto [status, error] =
        post_error("/v1/chat/completions",
                   fmt::format(R"({{"model":"{}","messages":[{{"role":"user","content":"x"}}]}})", name));
    EXPECT_EQ(status, 404) << name;
    EXPECT_EQ(error.at("code"), "model_not_found") << name;
    EXPECT_EQ(error.at("param"), "model") << name;
  }
  // The service is asked for a name that it may know, never for a path.
  EXPECT_EQ(backend.next_submission().request.model, "huge");
  EXPECT_EQ(backend.submission_count(), 0);
}

TEST_F(ApiServerTest, BadInputIsA400ThatNamesTheField) {
  start();
  RawHttpClient client(server->port());  // one connection for all: an error costs no one else anything
  const std::vector<std::pair<std::string, json>> bodies{
      {"not json", nullptr},
      {R"({"model":"tiny"})", "messages"},
      {R"({"model":"tiny","messages":[{"role":"user","content":"x"}],"temperature":9})", "temperature"},
      {R"({"model":"tiny","messages":[{"role":"user","content":"x"}],"tools":[{}]})", "tools[0].type"},
      {R"({"model":"tiny","messages":[{"role":"user","content":[{"type":"image_url"}]}]})",
       "messages[0].content[0].type"},
  };
  for (const auto& [body, param] : bodies) {
    const auto response = client.post("/v1/chat/completions", body);
    EXPECT_EQ(response->status, 400) << body;
    const json error = json::parse(response->body).at("error");
    EXPECT_EQ(error.at("type"), "invalid_request_error");
    EXPECT_EQ(error.at("param"), param) << body;
    EXPECT_FALSE(error.at("message").get<std::string>().empty());
  }
}

TEST_F(ApiServerTest, ErrorsOfTheServiceHaveTheirStatus) {
  const std::vector<std::tuple<ErrorCode, int, std::string>> codes{
      {ErrorCode::invalid_argument, 400, "invalid_request_error"},
      {ErrorCode::not_found, 404, "invalid_request_error"},
      {ErrorCode::unauthenticated, 401, "authentication_error"},
      {ErrorCode::permission_denied, 403, "permission_error"},
      {ErrorCode::resource_exhausted, 429, "rate_limit_error"},
      {ErrorCode::unavailable, 503, "server_error"},
      {ErrorCode::deadline_exceeded, 504, "server_error"},
      {ErrorCode::cancelled, 499, "invalid_request_error"},
      {ErrorCode::corrupt_data, 500, "server_error"},
      {ErrorCode::internal, 500, "server_error"},
  };
  ErrorCode code{};
  backend.script = [&](const FakeBackend::Submission& submission) {
    submission.sink->on_failed({code, "why"});
  };
  start();
  for (const auto& [each, status, type] : codes) {
    code = each;
    const auto response = post("/v1/chat/completions", kHello);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(json::parse(response.body).at("error").at("type"), type);
    EXPECT_EQ(json::parse(response.body).at("error").at("message"), "why");
    EXPECT_EQ(response.headers.contains("retry-after"), status == 429 || status == 503) << status;
  }
}

TEST_F(ApiServerTest, AnErrorInTheMidstOfAStreamIsItsLastEvent) {
  start();
  RawHttpClient client(server->port());
  client.send_post("/v1/chat/completions",
                   R"({"model":"tiny","stream":true,"messages":[{"role":"user","content":"x"}]})");
  const auto submission = backend.next_submission();
  submission.sink->on_accepted(1, {});
  submission.sink->on_token(0, {.index = 0, .token = 1, .text = "par", .logprob = {}, .top_logprobs = {}});
  submission.sink->on_failed({ErrorCode::unavailable, "node b is lost"});
  const auto response = client.read_response();
  EXPECT_EQ(response->status, 200);
  const auto events = parse_events(response->body);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(json::parse(events[2]).at("error").at("message"), "node b is lost");
}

TEST_F(ApiServerTest, AStreamThatFailsBeforeItBeginsHasAStatusOfItsOwn) {
  backend.script = [](const FakeBackend::Submission& submission) {
    submission.sink->on_failed({ErrorCode::resource_exhausted, "the queue is full"});
  };
  start();
  const auto response = post("/v1/chat/completions",
                             R"({"model":"tiny","stream":true,"messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers.at("retry-after"), "1");
}

TEST_F(ApiServerTest, LoadingIsToldInCommentsOfTheStream) {
  start();
  RawHttpClient client(server->port());
  client.send_post("/v1/chat/completions",
                   R"({"model":"tiny","stream":true,"messages":[{"role":"user","content":"x"}]})");
  const auto submission = backend.next_submission();
  submission.sink->on_loading({.model = "tiny", .bytes_done = 45, .bytes_total = 100});
  EXPECT_EQ(client.read_head()->status, 200);
  EXPECT_EQ(client.read_chunk(), ": loading 45 %\n\n");
  submission.sink->on_loading({.model = "tiny", .bytes_done = 45, .bytes_total = 100});
  submission.sink->on_loading({.model = "tiny", .bytes_done = 100, .bytes_total = 100});
  EXPECT_EQ(client.read_chunk(), ": loading 100 %\n\n");
  answer(submission, {"done"});
  std::string rest;
  for (auto chunk = client.read_chunk(); chunk && !chunk->empty(); chunk = client.read_chunk())
    rest += *chunk;
  EXPECT_EQ(parse_events(rest).back(), "[DONE]");
}

TEST_F(ApiServerTest, ARequestWhoseClientGoesAwayIsCancelled) {
  start();
  for (const bool is_stream : {false, true}) {
    RawHttpClient client(server->port());
    client.send_post(
        "/v1/chat/completions",
        json{{"model", "tiny"}, {"stream", is_stream}, {"messages", {{{"role", "user"}, {"content", "x"}}}}}
            .dump());
    const auto submission = backend.next_submission();
    submission.sink->on_accepted(1, {});
    if (is_stream) {
      EXPECT_EQ(client.read_head()->status, 200);
    }
    client.disconnect();
    EXPECT_TRUE(backend.wait_for_cancel(submission.request.request));
    answer(submission, {"too", "late"});
  }
  EXPECT_EQ(get("/healthcheck").status, 200);
}

TEST_F(ApiServerTest, ARequestThatIsDoneIsNotCancelled) {
  answer_with({"x"});
  start();
  for (int i = 0; i < 20; ++i) {
    RawHttpClient client(server->port());
    EXPECT_EQ(client.post("/v1/chat/completions", kHello)->status, 200);
  }
  server->stop();
  EXPECT_EQ(backend.cancel_count(), 0);
}

TEST_F(ApiServerTest, AModelThatMakesNoProgressIsGivenUp) {
  settings.http.response_timeout = milliseconds(50);
  start();
  RawHttpClient client(server->port());
  EXPECT_EQ(client.post("/v1/chat/completions", kHello)->status, 504);
  EXPECT_TRUE(backend.wait_for_cancel(backend.next_submission().request.request));
}

TEST_F(ApiServerTest, StopEndsStreamsWithAnErrorAndCancelsThem) {
  start();
  RawHttpClient client(server->port());
  client.send_post("/v1/chat/completions",
                   R"({"model":"tiny","stream":true,"messages":[{"role":"user","content":"x"}]})");
  const auto submission = backend.next_submission();
  submission.sink->on_accepted(1, {});
  EXPECT_EQ(client.read_head()->status, 200);
  std::thread stopping([this] { server->stop(); });
  std::string rest;
  for (auto chunk = client.read_chunk(); chunk && !chunk->empty(); chunk = client.read_chunk())
    rest += *chunk;
  stopping.join();
  EXPECT_EQ(json::parse(parse_events(rest).back()).at("error").at("message"), "this node is stopping");
  EXPECT_TRUE(backend.wait_for_cancel(submission.request.request));
  answer(submission, {"late"});  // the service may still be speaking
  server.reset();
  answer(submission, {"later"});
}

TEST_F(ApiServerTest, ModelsAreListedAsOpenAiDoes) {
  start();
  for (const char* path : {"/v1/models", "/models"}) {
    const json body = json::parse(get(path).body);
    EXPECT_EQ(body.at("object"), "list");
    ASSERT_EQ(body.at("data").size(), 2u);
    EXPECT_EQ(body.at("data")[0].at("id"), "tiny");
    EXPECT_EQ(body.at("data")[0].at("object"), "model");
    EXPECT_EQ(body.at("data")[0].at("ready"), true);
    EXPECT_EQ(body.at("data")[1].at("ready"), false);
  }
  EXPECT_EQ(json::parse(get("/v1/models/other").body).at("id"), "other");
  EXPECT_EQ(get("/v1/models/none").status, 404);
}

ClusterView two_nodes() {
  ClusterView view{.own_node = "a", .nodes = {}, .links = {{"a", "b", "UDP eth0"}, {"b", "a", "UDP eth0"}}};
  NodeReport a{};
  a.node = "a";
  a.version = "0.1.0";
  a.address = "10.0.0.1";
  a.api_port = 52415;
  a.device = {.device_model = "box",
              .chip = "EPYC",
              .machine = "m",
              .isa = "avx2",
              .core_count = 4,
              .memory_bytes = int64_t{8} << 30,
              .free_bytes = int64_t{4} << 30,
              .read_bandwidth = 2e10,
              .flops_fp32 = 1.5,
              .flops_fp16 = 3,
              .flops_int8 = 6};
  a.models = {"tiny"};
  ShardReport shard{};
  shard.instance = "tiny";
  shard.first_layer = 0;
  shard.end_layer = 15;
  shard.is_head = true;
  shard.bytes_loaded = 10;
  shard.bytes_total = 100;
  a.shards = {shard};
  NodeReport b{};
  b.node = "b";
  view.nodes = {a, b};
  return view;
}

TEST_F(ApiServerTest, TheTopologyHasExosFieldsAndOurs) {
  backend.view = two_nodes();
  start();
  for (const char* path : {"/v1/topology", "/topology"}) {
    const json body = json::parse(get(path).body);
    EXPECT_EQ(body.at("active_node_id"), "a");
    const json& node = body.at("nodes").at("a");
    EXPECT_EQ(node.at("model"), "box");
    EXPECT_EQ(node.at("chip"), "EPYC");
    EXPECT_EQ(node.at("memory"), 8192);
    EXPECT_EQ(node.at("flops"), (json{{"fp32", 1.5}, {"fp16", 3.0}, {"int8", 6.0}}));
    EXPECT_EQ(node.at("memory_bytes"), int64_t{8} << 30);
    EXPECT_EQ(node.at("free_bytes"), int64_t{4} << 30);
    EXPECT_EQ(node.at("isa"), "avx2");
    EXPECT_EQ(node.at("cores"), 4);
    EXPECT_EQ(node.at("read_bandwidth"), 2e10);
    EXPECT_EQ(node.at("address"), "10.0.0.1");
    EXPECT_EQ(node.at("api_port"), 52415);
    const json& shard = node.at("shards").at(0);
    EXPECT_EQ(shard.at("model"), "tiny");
    EXPECT_EQ(shard.at("first_layer"), 0);
    EXPECT_EQ(shard.at("last_layer"), 14);
    EXPECT_EQ(shard.at("head"), true);
    EXPECT_EQ(shard.at("loaded"), false);
    EXPECT_EQ(body.at("peer_graph").at("a"),
              (json{{{"from_id", "a"}, {"to_id", "b"}, {"description", "UDP eth0"}}}));
    EXPECT_TRUE(body.at("nodes").contains("b"));
  }
}

TEST_F(ApiServerTest, HealthStatusAndMetricsTellHowTheNodeIs) {
  backend.view = two_nodes();
  backend.service_status = {
      .active_requests = 2, .requests_total = 9, .failed_total = 1, .scheduler = SchedulerStatus{}};
  backend.service_status.scheduler->completion_tokens = 77;
  answer_with({"a", "b"});
  start();
  EXPECT_EQ(get("/healthcheck").body, R"({"status":"ok"})");
  EXPECT_EQ(post("/v1/chat/completions", kHello).status, 200);
  EXPECT_EQ(get("/nowhere").status, 404);
  const json status = json::parse(get("/v1/status").body);
  EXPECT_EQ(status.at("node_id"), "a");
  EXPECT_EQ(status.at("active_requests"), 2);
  EXPECT_EQ(status.at("tokens_per_second"), 0.2);
  EXPECT_EQ(status.at("scheduler").at("completion_tokens"), 77);
  const auto metrics = get("/metrics");
  EXPECT_TRUE(metrics.headers.at("content-type").starts_with("text/plain"));
  for (const char* line :
       {"shoal_http_responses_total{route=\"/v1/chat/completions\",status=\"200\"} 1",
        "shoal_http_responses_total{route=\"other\",status=\"404\"} 1", "shoal_api_completion_tokens_total 2",
        "shoal_api_prompt_tokens_total 5", "shoal_api_first_token_seconds_count 1", "shoal_requests_active 2",
        "shoal_nodes 2", "shoal_node_free_bytes{node=\"a\"} 4294967296",
        "shoal_scheduler_completion_tokens_total 77", "# TYPE shoal_requests_total counter"}) {
    EXPECT_NE(metrics.body.find(line), std::string::npos) << line << "\n" << metrics.body;
  }
}

TEST_F(ApiServerTest, AModelIsUnloadedOnRequest) {
  start();
  EXPECT_EQ(post("/unload", R"({"model":"tiny"})").status, 200);
  EXPECT_EQ(backend.unloaded(), std::vector<std::string>{"tiny"});
  EXPECT_EQ(post_error("/unload", "{}").second.at("param"), "model");
  backend.unload_outcome = fail(ErrorCode::not_found, "tiny is not loaded");
  EXPECT_EQ(post("/unload", R"({"model":"tiny"})").status, 404);
}

TEST_F(ApiServerTest, QuitIsTakenFromThisMachine) {
  start();
  EXPECT_EQ(get("/quit").status, 405);
  EXPECT_FALSE(backend.has_quit());
  EXPECT_EQ(post("/quit", "").body, R"({"detail":"Quit signal received"})");
  EXPECT_TRUE(backend.has_quit());
}

TEST_F(ApiServerTest, ThePageAndItsPartsAreServed) {
  start();
  const auto page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_NE(page.headers.at("content-security-policy").find("default-src 'self'"), std::string::npos);
  EXPECT_EQ(page.body, get("/index.html").body);
  EXPECT_EQ(get("/app.js").headers.at("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/app.css").headers.at("content-type"), "text/css; charset=utf-8");
}

TEST_F(ApiServerTest, UnknownPathsAndMethodsAreTold) {
  start();
  for (const char* path : {"/nothing", "/v1", "/v1/models/", "/app.js/x", "/..", "/v1/embeddings"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
  const auto wrong = get("/v1/chat/completions");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "POST");
  EXPECT_EQ(json::parse(wrong.body).at("error").at("type"), "invalid_request_error");
  RawHttpClient client(server->port());
  client.send("BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_response()->status, 405);
}

TEST_F(ApiServerTest, PagesOfOtherSitesCannotCall) {
  settings.allowed_origins = {"https://app.example"};
  start();
  const auto ask = [this](const std::string& method, const std::string& headers) {
    RawHttpClient client(server->port());
    client.send(method + " /v1/models HTTP/1.1\r\n" + headers + "\r\n");
    return client.read_response().value();
  };
  EXPECT_EQ(ask("GET", "Host: evil.example\r\n").status, 403);
  EXPECT_EQ(ask("GET", "Host: localhost:5\r\nOrigin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(ask("GET", "Host: localhost:5\r\nOrigin: null\r\n").status, 403);
  EXPECT_EQ(ask("OPTIONS", "Host: localhost:5\r\nOrigin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(ask("GET", "Host: localhost:5\r\nOrigin: http://localhost:5\r\n").status, 200);
  EXPECT_FALSE(ask("GET", "Host: localhost:5\r\nOrigin: http://localhost:5\r\n")
                   .headers.contains("access-control-allow-origin"));
  const auto allowed = ask("GET", "Host: localhost:5\r\nOrigin: https://app.example\r\n");
  EXPECT_EQ(allowed.status, 200);
  EXPECT_EQ(allowed.headers.at("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(ask("OPTIONS", "Host: localhost:5\r\nOrigin: https://app.example\r\n").status, 204);
}

TEST_F(ApiServerTest, ABodyOverTheLimitIsA413) {
  settings.http.body_bytes = 1000;
  start();
  EXPECT_EQ(post("/v1/chat/completions", std::string(1001, ' ')).status, 413);
  EXPECT_EQ(post("/v1/chat/completions", std::string(1000, ' ')).status, 400);
}

TEST_F(ApiServerTest, SixteenClientsAtOnceGetTheirOwnAnswers) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission, {std::get<PromptText>(submission.request.prompt).text, "!"});
  };
  start();
  std::vector<std::jthread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([this, i] {
      RawHttpClient client(server->port());
      for (int round = 0; round < 10; ++round) {
        const std::string prompt = std::to_string(i * 100 + round);
        const auto response =
            client.post("/v1/completions", fmt::format(R"({{"model":"tiny","prompt":"{}"}})", prompt));
        EXPECT_EQ(json::parse(response->body).at("choices")[0].at("text"), prompt + "!");
      }
    });
  }
}

}  // namespace
}  // namespace shoal
