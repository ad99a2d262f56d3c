// A server over a scripted backend, and requests to it; for tests only.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/api_server.h"
#include "api/fake_backend_for_test.h"
#include "api/raw_http_client_for_test.h"

namespace shoal {

inline constexpr const char* hello_request =
    R"({"model":"tiny","messages":[{"role":"user","content":"hello"}]})";

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
  std::pair<int, nlohmann::json> post_error(const std::string& path, std::string_view body) {
    const auto response = post(path, body);
    return {response.status, nlohmann::json::parse(response.body).at("error")};
  }

  ApiSettings settings;
  FakeBackend backend;
  std::optional<ApiServer> server;
};

// The data of each event; comments are left out.
inline std::vector<std::string> parse_events(const std::string& stream) {
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

}  // namespace shoal
