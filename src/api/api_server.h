// The HTTP side of a node: OpenAI's API, exo's routes, the web page. Owns its threads, which never compute.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/backend.h"
#include "api/http_server.h"
#include "base/error.h"

namespace shoal {

struct ApiSettings {
  std::string host = "::";  // address to listen on; see HttpServer::start
  int32_t port = 52415;     // 0: any free one
  std::optional<std::string> default_model;
  std::optional<double> default_temperature;  // --default-temp
  std::optional<std::string> system_prompt;   // put in front of messages without a system message
  int64_t max_generate_tokens = 10000;        // a larger max_tokens is cut to this

  // Further Host headers that are accepted, and further origins whose pages may call: see AccessRules.
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;

  // `http.response_timeout` is --chatgpt-api-response-timeout: how long a request may be silent. Loading
  // counts as progress.
  HttpLimits http;
};

class ApiServer {
 public:
  // The backend must outlive this object.
  ApiServer(ApiSettings settings, ApiBackend& backend);
  ~ApiServer();

  // Begins to listen. The error names address and port (in use, not allowed, no such address) or the rule
  // that makes no sense.
  Result<void> start();
  // The port that is listened on, after start().
  int32_t port() const;
  // Ends every stream with an error, closes all connections, joins the threads. Idempotent; not to be called
  // on a thread of the API.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
