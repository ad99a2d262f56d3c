// Requests and responses as plain data, and how an answer is given. What HTTP looks like on the wire is
// the matter of http_connection alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.h"

namespace shoal {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// The first value; nullptr where there is none.
inline const std::string* find_header(const HttpHeaders& headers, std::string_view lower_name) {
  for (const auto& [name, value] : headers) {
    if (name == lower_name) return &value;
  }
  return nullptr;
}

struct HttpRequest {
  std::string method;
  std::string path;                 // percent-decoded, without the query
  std::optional<std::string> host;  // of the target or the Host header; HTTP/1.0 may have none
  HttpHeaders headers;              // names in lower case
  std::string client_address;
  std::string own_address;  // that the client has called
  std::string body;         // empty until it has been read
};

struct HttpResponse {
  int32_t status = 200;
  std::string content_type = "application/json";
  std::string body;
  HttpHeaders headers;  // besides length, type and connection
};

// Why an answer under way must end.
enum class Interruption : uint8_t {
  client_gone,      // nobody listens any more; what is written goes nowhere
  silent_too_long,  // no progress for the response timeout
  server_stopping,
};

// The answer to one request. All functions but post() are called in the handler or in posted tasks, which run
// one after another. Exactly one of send() and begin_stream() … end_stream(); once the client is gone all of
// it is ignored.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // Runs the task after those posted before. Any thread. False: too many are waiting (the connection is then
  // closed) or the server has stopped; the task will never run.
  virtual bool post(Task task) = 0;

  // Called at most once. After anything but client_gone the answer is to be ended, else the connection is
  // cut.
  virtual void on_interrupted(std::function<void(Interruption)> callback) = 0;

  virtual void send(HttpResponse response) = 0;

  // `head` without a body. `heartbeat` is written whenever nothing else has been for a while.
  virtual void begin_stream(HttpResponse head, std::string heartbeat) = 0;
  virtual void write(std::string_view text) = 0;
  virtual void end_stream() = 0;

  // The request is alive although nothing is written.
  virtual void note_progress() = 0;
};

}  // namespace shoal
