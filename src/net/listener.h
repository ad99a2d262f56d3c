// The port on which other nodes reach this one. A connection from a public address is closed before a byte of
// it is read.
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
  // Port 0 takes any free one. Host "::" stands for all IPv4 and all private IPv6 addresses of this machine.
  // Fails with invalid_argument when the host is none of this machine's, with unavailable when the port is in
  // use.
  static Result<Listener> bind(const std::string& host, int32_t port);
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  int32_t port() const { return port_; }

  // `on_connection` is called on the listener's thread, and owns the non-blocking socket that it is given.
  void start(std::function<void(int socket)> on_connection);
  // Closes the port. Idempotent.
  void stop();

 private:
  // A socket that listens.
  struct Door {
    int socket;
    std::string address;  // a private IPv6 address; empty for the host that was asked for
  };

  Listener(int socket, int wake, int32_t port, bool is_everywhere)
      : doors_{{.socket = socket, .address = ""}}, wake_(wake), port_(port), is_everywhere_(is_everywhere) {}
  void run(const std::function<void(int socket)>& on_connection);
  void renew_doors();
  void take(int socket, const std::function<void(int socket)>& on_connection) const;

  std::vector<Door> doors_;  // owned by the thread while it runs
  int wake_;                 // an eventfd; readable when the thread is to stop
  int32_t port_;
  bool is_everywhere_;
  std::jthread thread_;
};

}  // namespace shoal
