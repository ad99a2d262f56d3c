// An HTTP/1.1 server: connections, limits, deadlines. Knows nothing of what is served.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/http_message.h"
#include "base/clock.h"
#include "base/error.h"

namespace shoal {

struct HttpLimits {
  int64_t header_bytes = 16 << 10;
  int64_t body_bytes = 8 << 20;
  int64_t connections = 1024;  // one more takes the place of one that waits for a request, or gets a 503
  int64_t connections_per_address = 768;
  int64_t refused_connections = 256;      // over the limit, kept for the time of a 503
  int64_t body_budget_bytes = 128 << 20;  // of all large bodies at once; one more gets a 503
  int64_t small_body_bytes = 64 << 10;    // a body up to this counts for nothing
  int64_t send_queue_bytes = 1 << 20;     // of a stream; a reader that is further behind is cut off
  int64_t waiting_tasks = 4096;           // of ResponseWriter::post
  Duration header_deadline = std::chrono::seconds(30);   // also how long a connection may be idle
  Duration decision_deadline = std::chrono::seconds(5);  // of HttpHandler::check_head
  Duration body_deadline = std::chrono::seconds(60);
  Duration write_deadline = std::chrono::seconds(30);  // without a byte being taken
  Duration heartbeat_interval = std::chrono::seconds(10);
  Duration response_timeout = std::chrono::seconds(900);
  Duration stop_grace = std::chrono::seconds(2);
  int32_t thread_count = 2;
};

// What is decided about a request before its body is read.
struct HeadDecision {
  std::optional<HttpResponse> refusal;
  HttpHeaders headers;  // for every response to this request
};

// Called on the server's threads, for several connections at once.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // `decide` is called once: here, or later on any thread.
  virtual void check_head(const HttpRequest& head, std::function<void(HeadDecision)> decide) = 0;
  virtual void handle(HttpRequest request, std::shared_ptr<ResponseWriter> response) = 0;
  // Every response, those to unreadable requests included (their method and path are empty).
  virtual void on_response(const HttpRequest& head, int32_t status) = 0;
};

class HttpServer {
 public:
  // The handler outlives this.
  HttpServer(HttpLimits limits, HttpHandler& handler);
  ~HttpServer();

  // "::" stands for all addresses of this machine, those of IPv6 too as far as no router forwards them.
  Result<void> start(const std::string& host, int32_t port);
  int32_t port() const;
  int64_t connection_count() const;
  // Idempotent; joins. Not on a thread of the server.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
