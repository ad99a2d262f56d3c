#include "api/completion_job.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "api/api_server_for_test.h"

namespace shoal {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

TEST_F(ApiServerTest, AChatIsAnsweredWhole) {
  answer_with({"Hel", "lo", "!"});
  start();
  for (const char* path : {"/v1/chat/completions", "/chat/completions"}) {
    const auto response = post(path, hello_request);
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
  EXPECT_EQ(request.settings.seed, 7u);
  EXPECT_EQ(request.settings.choice_count, 2u);
  EXPECT_EQ(request.settings.sampling.temperature, 0.5);
  EXPECT_EQ(request.settings.sampling.default_temperature, 0.25);
  EXPECT_EQ(request.settings.max_tokens, 100);
  EXPECT_EQ(request.settings.min_tokens, 3);
  EXPECT_TRUE(request.settings.ignore_end_tokens);
  EXPECT_EQ(request.settings.stop_strings, std::vector<std::string>{"x"});
  EXPECT_EQ(request.settings.top_logprobs, 0);
  EXPECT_EQ(std::get<PromptChat>(request.prompt).messages_json,
            R"({"messages":[{"role":"system","content":"be kind"},{"role":"user","content":"hello"}],)"
            R"("add_generation_prompt":true})");
}

TEST_F(ApiServerTest, AnErrorInTheMidstOfAStreamEndsItAsEveryStreamEnds) {
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
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(json::parse(events[2]).at("error").at("message"), "node b is lost");
  EXPECT_EQ(events[3], "[DONE]");
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

TEST_F(ApiServerTest, ARefusalSaysInItsHeadWhenToTryAgain) {
  backend.script = [](const FakeBackend::Submission& submission) {
    submission.sink->on_failed({ErrorCode::resource_exhausted, "the queue is full; try again in 17 s"});
  };
  start();
  const auto response = post("/v1/chat/completions", hello_request);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers.at("retry-after"), "17");
}

constexpr const char* streamed_request =
    R"({"model":"tiny","stream":true,"messages":[{"role":"user","content":"x"}]})";

TEST_F(ApiServerTest, AStreamThatIsRefusedAfterTheModelWasLoadedHasAStatusOfItsOwn) {
  backend.script = [](const FakeBackend::Submission& submission) {
    submission.sink->on_loading({.model = "tiny", .bytes_done = 45, .bytes_total = 100});
    submission.sink->on_loading({.model = "tiny", .bytes_done = 100, .bytes_total = 100});
    submission.sink->on_failed({ErrorCode::invalid_argument, "the prompt is wrong"});
  };
  start();
  const auto response = post("/v1/chat/completions", streamed_request);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.at("content-type"), "application/json");
  EXPECT_EQ(json::parse(response.body).at("error").at("message"), "the prompt is wrong");
}

TEST_F(ApiServerTest, OfSeveralPromptsNoAnswerBeginsBeforeAllAreAccepted) {
  std::vector<FakeBackend::Submission> waiting;
  bool refuses = false;
  backend.script = [&](const FakeBackend::Submission& submission) {
    waiting.push_back(submission);
    if (waiting.size() < 2) return;
    answer(waiting[0], {"one"});
    if (refuses) {
      waiting[1].sink->on_failed({ErrorCode::resource_exhausted, "the queue is full"});
    } else {
      answer(waiting[1], {"two"});
    }
    waiting.clear();
  };
  start();
  const char* body = R"({"model":"tiny","stream":true,"prompt":["a","b"]})";
  const auto whole = post("/v1/completions", body);
  EXPECT_EQ(whole.status, 200);
  std::string text;
  for (const std::string& event : parse_events(whole.body)) {
    if (event != "[DONE]") text += json::parse(event).at("choices")[0].value("text", "");
  }
  EXPECT_EQ(text, "onetwo");
  refuses = true;
  EXPECT_EQ(post("/v1/completions", body).status, 429);
}

TEST_F(ApiServerTest, AnEchoedPromptStandsBeforeEachAnswer) {
  answer_with({" was", " it"});
  start();
  const auto body = [](const char* members) {
    return fmt::format(R"({{"model":"tiny","prompt":["Once","Then"],"n":2,"echo":true{}}})", members);
  };
  std::vector<std::string> whole;
  const json answered = json::parse(post("/v1/completions", body("")).body);
  for (const json& choice : answered.at("choices")) whole.push_back(choice.at("text"));
  const std::vector<std::string> expected{"Once was it", "Once was it", "Then was it", "Then was it"};
  EXPECT_EQ(whole, expected);
  std::vector<std::string> streamed(4);
  for (const std::string& event : parse_events(post("/v1/completions", body(R"(,"stream":true)")).body)) {
    if (event == "[DONE]") continue;
    const json choice = json::parse(event).at("choices")[0];
    streamed.at(choice.at("index").get<size_t>()) += choice.at("text").get<std::string>();
  }
  EXPECT_EQ(streamed, expected);
}

TEST_F(ApiServerTest, LoadingIsToldInCommentsOfAStreamThatAsksForIt) {
  start();
  RawHttpClient client(server->port());
  client.send_post("/v1/chat/completions",
                   R"({"model":"tiny","stream":true,"stream_options":{"include_progress":true},
                       "messages":[{"role":"user","content":"x"}]})");
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
    EXPECT_EQ(client.post("/v1/chat/completions", hello_request)->status, 200);
  }
  server->stop();
  EXPECT_EQ(backend.cancel_count(), 0);
}

TEST_F(ApiServerTest, AModelThatMakesNoProgressIsGivenUp) {
  settings.http.response_timeout = milliseconds(50);
  start();
  RawHttpClient client(server->port());
  EXPECT_EQ(client.post("/v1/chat/completions", hello_request)->status, 504);
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
  const auto events = parse_events(rest);
  EXPECT_EQ(events.back(), "[DONE]");
  EXPECT_EQ(json::parse(events.at(events.size() - 2)).at("error").at("message"), "this node is stopping");
  EXPECT_TRUE(backend.wait_for_cancel(submission.request.request));
  answer(submission, {"late"});  // the service may still be speaking
  server.reset();
  answer(submission, {"later"});
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
