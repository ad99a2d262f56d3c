#include "api/api_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/api_server_for_test.h"

namespace shoal {
namespace {

using nlohmann::json;

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
    const auto response = post("/v1/chat/completions", hello_request);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(json::parse(response.body).at("error").at("type"), type);
    EXPECT_EQ(json::parse(response.body).at("error").at("message"), "why");
    EXPECT_EQ(response.headers.contains("retry-after"), status == 429 || status == 503) << status;
  }
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

TEST_F(ApiServerTest, ALargeBodyIsReadAsideAndGivesTheSameAnswers) {
  answer_with({"a"});
  start();
  const std::string filling(200 << 10, 'x');
  const std::string head = R"({"model":"tiny","messages":[{"role":"user","content":")";
  EXPECT_EQ(post("/v1/chat/completions", head + filling + R"("}]})").status, 200);
  EXPECT_EQ(post("/v1/completions", R"({"model":"tiny","prompt":")" + filling + R"("})").status, 200);
  const auto [status, error] = post_error("/v1/chat/completions", head + filling + R"("}],"n":-1})");
  EXPECT_EQ(status, 400);
  EXPECT_EQ(error.at("param"), "n");
  EXPECT_EQ(post_error("/v1/completions", filling).first, 400);
}

TEST_F(ApiServerTest, ARuleThatMakesNoSenseStopsTheStart) {
  settings.allowed_origins = {"chat.example"};
  settings.port = 0;
  ApiServer wrong(settings, backend);
  const auto started = wrong.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(started.error().message.find("--allow-origin chat.example"), std::string::npos);
}

TEST_F(ApiServerTest, ABodyOverTheLimitIsA413) {
  settings.http.body_bytes = 1000;
  start();
  EXPECT_EQ(post("/v1/chat/completions", std::string(1001, ' ')).status, 413);
  EXPECT_EQ(post("/v1/chat/completions", std::string(1000, ' ')).status, 400);
}

}  // namespace
}  // namespace shoal
