// Requests and responses as plain data, and the interface for giving an answer. Only http_connection knows
// HTTP's form on the wire.
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

// The first value; nullptr when there is no such header.
inline const std::string* find_header(const HttpHeaders& headers, std::string_view lower_name) {
  for (const auto& [name, value] : headers) {
    if (name == lower_name) return &value;
  }
  return nullptr;
}

struct HttpRequest {
  std::string method;
  std::string path;                 // percent-decoded, without the query
  std::optional<std::string> host;  // from the target or the Host header; HTTP/1.0 may have none
  HttpHeaders headers;              // names in lower case
  std::string client_address;
  std::string own_address;  // the address that the client has called
  std::string body;         // empty until it has been read
};

struct HttpResponse {
  int32_t status = 200;
  std::string content_type = "application/json";
  std::string body;
  HttpHeaders headers;  // besides length, type and connection
};

// Why an answer must end early.
enum class Interruption : uint8_t {
  client_gone,      // what is written is dropped
  silent_too_long,  // no progress for the response timeout
  server_stopping,
};

// Gives the answer to one request. All functions but post() are called in the handler or in posted tasks,
// which run one after another. Either send() is called once, or begin_stream(), any write() and end_stream().
// Once the client is gone all of them are ignored.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // Runs the task after those posted before. False when too many tasks are waiting (the connection is then
  // closed) or the server has stopped; the task then never runs. Any thread.
  virtual bool post(Task task) = 0;

  // `callback` is called at most once. The answer must then be ended, or the connection is cut; after
  // client_gone nothing need be done.
  virtual void on_interrupted(std::function<void(Interruption)> callback) = 0;

  virtual void send(HttpResponse response) = 0;

  // `head` has no body. `heartbeat` is written whenever nothing else has been written for a while.
  virtual void begin_stream(HttpResponse head, std::string heartbeat) = 0;
  virtual void write(std::string_view text) = 0;
  virtual void end_stream() = 0;

  // Says that the request is alive although nothing is written.
  virtual void note_progress() = 0;
};

}  // namespace shoal
