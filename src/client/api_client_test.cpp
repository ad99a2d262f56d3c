#include "client/api_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/api_server.h"
#include "api/fake_backend_for_test.h"

namespace shoal {
namespace {

using std::chrono::milliseconds;

// Takes one connection, sends these bytes and, unless it is to stay silent, closes.
class CannedServer {
 public:
  enum class Then : uint8_t { close, stay };

  CannedServer(std::string bytes, Then then) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 4), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, bytes = std::move(bytes), then] { serve(bytes, then); });
  }
  ~CannedServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  int32_t port() const { return port_; }

 private:
  void serve(const std::string& bytes, Then then) const {
    const int client = ::accept(socket_, nullptr, nullptr);
    if (client < 0) return;
    char request[65536];
    ::recv(client, request, sizeof request, 0);
    ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    while (then == Then::stay && ::recv(client, request, sizeof request, 0) > 0) continue;
    ::close(client);
  }

  int socket_;
  int32_t port_ = 0;
  std::jthread thread_;
};

class ApiClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ApiSettings settings;
    settings.host = "127.0.0.1";
    settings.port = 0;
    settings.default_model = "tiny";
    server.emplace(settings, backend);
    ASSERT_TRUE(server->start());
  }
  ApiClient client() const { return ApiClient({.host = "127.0.0.1", .port = server->port()}); }
  static ChatCall call() {
    return {.model = {}, .messages = {{"user", "hello"}}, .temperature = {}, .max_tokens = {}, .seed = {}};
  }

  FakeBackend backend;
  std::optional<ApiServer> server;
};

TEST_F(ApiClientTest, StreamsAChatWithItsProgress) {
  backend.script = [](const FakeBackend::Submission& submission) {
    submission.sink->on_loading({.model = "tiny", .bytes_done = 1, .bytes_total = 2});
    answer(submission, {"Grü", "ße", " 😀"}, FinishReason::length);
  };
  std::string text;
  std::vector<std::string> comments;
  ChatCall chat = call();
  chat.temperature = 0.5;
  chat.min_p = 0.25;
  chat.max_tokens = 9;
  chat.seed = 3;
  const auto outcome =
      client().chat(chat, {.on_text = [&](std::string_view piece) { text += piece; },
                           .on_thinking = {},
                           .on_comment = [&](std::string_view c) { comments.emplace_back(c); },
                           .is_cancelled = {}});
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(text, "Grüße 😀");
  EXPECT_EQ(comments, std::vector<std::string>{"loading 50 %"});
  EXPECT_EQ(outcome->finish_reason, "length");
  EXPECT_EQ(outcome->prompt_tokens, 5);
  EXPECT_EQ(outcome->completion_tokens, 3);
  const ServiceRequest request = backend.next_submission().request;
  EXPECT_EQ(request.model, "tiny");
  EXPECT_EQ(request.settings.sampling.temperature, 0.5);
  EXPECT_EQ(request.settings.sampling.min_p, 0.25);
  EXPECT_EQ(request.settings.max_tokens, 9);
  EXPECT_EQ(request.settings.seed, 3u);
}

TEST_F(ApiClientTest, TellsThinkingFromTheAnswer) {
  backend.script = [](const FakeBackend::Submission& submission) {
    answer(submission, {"<think>\nhm", "\n</think>\n\n", "Yes."}, FinishReason::stop, 5,
           {.format = {.calls = CallStyle::none, .thinking = ThinkingStyle::angle}});
  };
  std::string text, thinking;
  const auto outcome =
      client().chat(call(), {.on_text = [&](std::string_view piece) { text += piece; },
                             .on_thinking = [&](std::string_view piece) { thinking += piece; },
                             .on_comment = {},
                             .is_cancelled = {}});
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(thinking, "hm");
  EXPECT_EQ(text, "Yes.");
}

TEST_F(ApiClientTest, TheNodesErrorIsTheCallsError) {
  ChatCall bad = call();
  bad.temperature = 7;
  const auto refused = client().chat(bad, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(refused.error().message, "temperature must be a number from 0 to 2, not 7.0");

  backend.script = [](const FakeBackend::Submission& submission) {
    submission.sink->on_accepted(1, {});
    submission.sink->on_failed({ErrorCode::unavailable, "node b is lost"});
  };
  EXPECT_EQ(client().chat(call(), {}).error(), (Error{ErrorCode::unavailable, "node b is lost"}));

  backend.script = [](const FakeBackend::Submission& submission) {
    submission.sink->on_failed({ErrorCode::resource_exhausted, "full"});
  };
  EXPECT_EQ(client().chat(call(), {}).error(), (Error{ErrorCode::resource_exhausted, "full"}));
}

TEST_F(ApiClientTest, ACallThatIsGivenUpEndsAndTheNodeStopsToo) {
  std::atomic<bool> has_text = false;
  backend.script = [](const FakeBackend::Submission& submission) {
    submission.sink->on_accepted(1, {});
    submission.sink->on_token(0, {.index = 0, .token = 1, .text = "x", .logprob = {}, .top_logprobs = {}});
  };
  const auto outcome = client().chat(call(), {.on_text = [&](std::string_view) { has_text = true; },
                                              .on_comment = {},
                                              .is_cancelled = [&] { return has_text.load(); }});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::cancelled);
  EXPECT_TRUE(backend.wait_for_cancel(backend.next_submission().request.request));
}

TEST_F(ApiClientTest, GetsWhatTheRoutesServe) {
  EXPECT_TRUE(client().is_alive());
  EXPECT_EQ(nlohmann::json::parse(client().get("/v1/models").value()).at("data")[0].at("id"), "tiny");
  EXPECT_EQ(client().get("/nothing").error().code, ErrorCode::not_found);
  EXPECT_TRUE(client().unload("tiny"));
  EXPECT_EQ(backend.unloaded(), std::vector<std::string>{"tiny"});
  backend.unload_outcome = fail(ErrorCode::not_found, "tiny is not loaded");
  EXPECT_EQ(client().unload("tiny").error().message, "tiny is not loaded");
}

TEST_F(ApiClientTest, WhereNoNodeAnswersTheErrorNamesTheAddress) {
  const int32_t port = server->port();
  server.reset();
  const ApiClient nobody({.host = "127.0.0.1", .port = port});
  EXPECT_FALSE(nobody.is_alive());
  const auto outcome = nobody.chat(call(), {});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::unavailable);
  EXPECT_NE(outcome.error().message.find("127.0.0.1:" + std::to_string(port)), std::string::npos)
      << outcome.error().message;
}

constexpr const char* stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

ErrorCode code_against(const std::string& bytes) {
  const CannedServer canned(bytes, CannedServer::Then::close);
  const ApiClient client({.host = "127.0.0.1", .port = canned.port()});
  const auto outcome = client.chat(
      {.model = {}, .messages = {{"user", "\xff"}}, .temperature = {}, .max_tokens = {}, .seed = {}}, {});
  EXPECT_FALSE(outcome) << bytes;
  return outcome ? ErrorCode::internal : outcome.error().code;
}

TEST(ApiClient, WhatIsNoAnswerOfANodeIsAnError) {
  EXPECT_EQ(code_against(""), ErrorCode::unavailable);
  EXPECT_EQ(code_against("SSH-2.0-OpenSSH\r\n\r\n"), ErrorCode::unavailable);
  EXPECT_EQ(code_against("HTTP/1.1 502 Bad\r\nContent-Length: 3\r\n\r\nbad"), ErrorCode::internal);
  EXPECT_EQ(code_against("HTTP/1.1 404 Not\r\nContent-Length: 14\r\n\r\n{\"error\":[{}]}"),
            ErrorCode::not_found);
  EXPECT_EQ(code_against("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\nx"),
            ErrorCode::internal);
  EXPECT_EQ(code_against(std::string(stream_head) + "data: {\"choices\":[]}\n\n"), ErrorCode::unavailable);
  EXPECT_EQ(code_against(std::string(stream_head) + "data: nonsense\n\n"), ErrorCode::corrupt_data);
  EXPECT_EQ(code_against(std::string(stream_head) + "data: {\"error\":5}\n\n"), ErrorCode::internal);
}

TEST(ApiClient, EventsOfAnotherShapeAreBorne) {
  const CannedServer canned(
      std::string(stream_head) +
          "data: {\"choices\":5}\n\ndata: {\"choices\":[7]}\n\ndata: {\"choices\":[{\"delta\":[]}]}\n\n"
          "data: "
          "{\"choices\":[{\"delta\":{\"content\":3},\"finish_reason\":9}],\"usage\":{\"prompt_tokens\":\"x\"}"
          "}\n\n"
          "data: [DONE]\n\n",
      CannedServer::Then::close);
  const ApiClient client({.host = "127.0.0.1", .port = canned.port()});
  EXPECT_TRUE(
      client.chat({.model = {}, .messages = {}, .temperature = {}, .max_tokens = {}, .seed = {}}, {}));
}

TEST(ApiClient, ANodeThatFallsSilentIsGivenUpAtTheDeadline) {
  for (const std::string& bytes :
       {std::string(), std::string(stream_head), std::string(stream_head) + "data: {"}) {
    const CannedServer canned(bytes, CannedServer::Then::stay);
    const ApiClient client(
        {.host = "127.0.0.1", .port = canned.port(), .silence_deadline = milliseconds(50)});
    EXPECT_EQ(client.chat({.model = {}, .messages = {}, .temperature = {}, .max_tokens = {}, .seed = {}}, {})
                  .error()
                  .code,
              ErrorCode::deadline_exceeded);
  }
}

TEST(ApiClient, AnAnswerLongerThanTheLimitIsRefused) {
  const CannedServer canned("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x'),
                            CannedServer::Then::close);
  const ApiClient client({.host = "127.0.0.1", .port = canned.port(), .body_limit = 99});
  EXPECT_EQ(client.get("/").error().code, ErrorCode::corrupt_data);
}

}  // namespace
}  // namespace shoal
