// An HTTP/1.1 server: connections, limits and deadlines. It knows nothing of what is served.
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
  int64_t connections = 1024;  // one more replaces one that waits for a request, or gets a 503
  int64_t connections_per_address = 768;
  int64_t refused_connections = 256;      // over the limit, kept until they have their 503
  int64_t body_budget_bytes = 128 << 20;  // of all large bodies at once; one beyond it gets a 503
  int64_t small_body_bytes = 64 << 10;    // a body of up to this size is not counted
  int64_t send_queue_bytes = 1 << 20;     // of a stream; a client that is further behind is cut off
  int64_t waiting_tasks = 4096;           // limit of ResponseWriter::post
  Duration header_deadline = std::chrono::seconds(30);   // also the time that a connection may be idle
  Duration decision_deadline = std::chrono::seconds(5);  // for HttpHandler::check_head
  Duration body_deadline = std::chrono::seconds(60);
  Duration write_deadline = std::chrono::seconds(30);  // in which the client takes no byte
  Duration heartbeat_interval = std::chrono::seconds(10);
  Duration response_timeout = std::chrono::seconds(900);
  Duration stop_grace = std::chrono::seconds(2);
  int32_t thread_count = 2;
};

// The decision about a request before its body is read.
struct HeadDecision {
  std::optional<HttpResponse> refusal;
  HttpHeaders headers;  // for every response to this request
};

// Called on the server's threads, for several connections at the same time.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Calls `decide` once, at once or later on any thread.
  virtual void check_head(const HttpRequest& head, std::function<void(HeadDecision)> decide) = 0;
  virtual void handle(HttpRequest request, std::shared_ptr<ResponseWriter> response) = 0;
  // Called for every response, including those to unreadable requests (whose method and path are empty).
  virtual void on_response(const HttpRequest& head, int32_t status) = 0;
};

class HttpServer {
 public:
  // The handler must outlive this object.
  HttpServer(HttpLimits limits, HttpHandler& handler);
  ~HttpServer();

  // Begins to listen. "::" stands for all addresses of this machine, of IPv6 only those that no router
  // forwards. The error names address and port.
  Result<void> start(const std::string& host, int32_t port);
  int32_t port() const;
  int64_t connection_count() const;
  // Closes all connections and joins the threads. Idempotent; not to be called on a thread of the server.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
