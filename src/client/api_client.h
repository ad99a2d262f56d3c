// A client of a node's HTTP API, for the commands that ask a node which already runs. One request at a time,
// waits with deadlines, owns no thread.
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
  // Without a byte. A node that works beats every ten seconds in a stream.
  Duration silence_deadline = std::chrono::seconds(120);
  // Of one answer that is not a stream.
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
  std::vector<std::pair<std::string, std::string>> settings = {};  // further members of the body, as JSON
};

class ApiClient {
 public:
  explicit ApiClient(ApiClientSettings settings) : settings_(std::move(settings)) {}

  // Streams. The error is the node's own where it gave one; unavailable where no node answers.
  Result<ChatOutcome> chat(const ChatCall& call, const ChatProgress& progress) const;

  // The body of a 200: JSON, or text for /metrics.
  Result<std::string> get(const std::string& path) const;
  Result<std::string> post(const std::string& path, const std::string& json) const;

  Result<void> unload(const std::string& model) const;

  std::string address() const;  // "127.0.0.1:52415"

  // A node of ours answers at this address.
  bool is_alive() const;

 private:
  ApiClientSettings settings_;
};

}  // namespace shoal
