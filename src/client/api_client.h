// A client of a node's HTTP API, for commands that ask a node that already runs. It makes one request at a
// time, waits with deadlines and owns no thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "client/chat_stream.h"

namespace shoal {

struct ApiClientSettings {
  std::string host = "127.0.0.1";
  int32_t port = 52415;
  Duration connect_deadline = std::chrono::seconds(5);
  // The longest wait without a byte; in a stream a working node sends something every ten seconds.
  Duration silence_deadline = std::chrono::seconds(120);
  // The most bytes of an answer that is not a stream.
  int64_t body_limit = 64 << 20;
};

struct ChatMessage {
  std::string role;
  std::string content;
};

struct ChatCall {
  std::optional<std::string> model;  // nullopt: the node's default
  std::vector<ChatMessage> messages;
  std::optional<double> temperature;
  std::optional<double> min_p = {};
  std::optional<int64_t> max_tokens;
  std::optional<int64_t> seed;
  // Further members of the body: name and JSON.
  std::vector<std::pair<std::string, std::string>> settings = {};
};

class ApiClient {
 public:
  explicit ApiClient(ApiClientSettings settings) : settings_(std::move(settings)) {}

  // Asks for a streamed answer. The error is the node's own if it gave one; unavailable when no node answers.
  Result<ChatOutcome> chat(const ChatCall& call, const ChatProgress& progress) const;

  // These return the body of a successful answer: JSON, or text for /metrics.
  Result<std::string> get(const std::string& path) const;
  Result<std::string> post(const std::string& path, const std::string& json) const;

  Result<void> unload(const std::string& model) const;

  std::string address() const;  // "127.0.0.1:52415"

  // Whether a Shoal node answers at this address.
  bool is_alive() const;

 private:
  ApiClientSettings settings_;
};

}  // namespace shoal
