// The port on which other nodes reach this one. Strangers are turned away before a byte of theirs is read.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace shoal {

class Listener {
 public:
  // Port 0: any free one. "::" stands for all addresses of this machine, those of IPv6 too as far as no
  // router forwards them. invalid_argument for a host that is none of this machine's, unavailable for a port
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
  // A socket that listens.
  struct Door {
    int socket;
    std::string address;  // empty: the one that was asked for
  };

  Listener(int socket, int wake, int32_t port, bool is_everywhere)
      : doors_{{.socket = socket, .address = ""}}, wake_(wake), port_(port), is_everywhere_(is_everywhere) {}
  void run(const std::function<void(int socket)>& on_connection);
  void renew_doors();
  void take(int socket, const std::function<void(int socket)>& on_connection) const;

  std::vector<Door> doors_;  // the thread's, once it runs
  int wake_;                 // an eventfd; readable: stop
  int32_t port_;
  bool is_everywhere_;
  std::jthread thread_;
};

}  // namespace shoal
