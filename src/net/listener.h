// The port on which other nodes reach this one. Strangers are turned away before a byte of theirs is read.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/error.h"

namespace shoal {

class Listener {
 public:
  // Port 0: any free one. invalid_argument for a host that is none of this machine's, unavailable for a port
  // in use.
  static Result<Listener> bind(const std::string& host, int32_t port);
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  int32_t port() const { return port_; }

  // `on_connection` owns the socket that it is given, which does not block; on the listener's thread.
  void start(std::function<void(int socket)> on_connection);
  // Closes the port. Idempotent.
  void stop();

 private:
  Listener(int socket, int wake, int32_t port) : socket_(socket), wake_(wake), port_(port) {}
  void run(const std::function<void(int socket)>& on_connection) const;

  int socket_;
  int wake_;  // an eventfd; readable: stop
  int32_t port_;
  std::jthread thread_;
};

}  // namespace shoal
