#include "net/listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/log.h"
#include "base/os.h"
#include "net/address.h"

namespace shoal {
namespace {

std::string last_system_error() { return std::strerror(errno); }

std::string text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = address.ss_family == AF_INET
                          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
                          : &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return inet_ntop(address.ss_family, bytes, text.data(), text.size()) == nullptr ? "?" : text.data();
}

int32_t port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                                            : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

void set_option(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof(value));
}

// A socket that listens; an errno text otherwise.
Result<int> listen_on(const addrinfo& address, const std::string& place) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return fail(ErrorCode::unavailable, fmt::format("cannot listen on {}: {}", place, last_system_error()));
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.ai_family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
  const int error = errno;
  close(fd);
  if (error == EADDRINUSE) {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot listen on {}: the port is in use; choose another --node-port", place));
  }
  if (error == EADDRNOTAVAIL) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("cannot listen on {}: --node-host is no address of this machine", place));
  }
  return fail(ErrorCode::unavailable, fmt::format("cannot listen on {}: {}", place, std::strerror(error)));
}

}  // namespace

Result<Listener> Listener::bind(const std::string& host, int32_t port) {
  if (port < 0 || port > 65535) {
    return fail(ErrorCode::invalid_argument, fmt::format("--node-port {} is not within 0 and 65535", port));
  }
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0) {
    return fail(ErrorCode::invalid_argument, fmt::format("--node-host {}: {}", host, gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  const auto fd = listen_on(*found, host_and_port(host, port));
  if (!fd) return fail(fd.error());
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  getsockname(*fd, reinterpret_cast<sockaddr*>(&bound), &size);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) {
    close(*fd);
    return fail(ErrorCode::resource_exhausted,
                fmt::format("cannot make an eventfd: {}", last_system_error()));
  }
  return Listener(*fd, wake, port_of(bound));
}

Listener::Listener(Listener&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), wake_(std::exchange(other.wake_, -1)), port_(other.port_) {}

Listener::~Listener() {
  stop();
  if (wake_ >= 0) close(wake_);
}

void Listener::start(std::function<void(int socket)> on_connection) {
  thread_ = std::jthread([this, on_connection = std::move(on_connection)] {
    os::set_thread_name("listen");
    run(on_connection);
  });
}

void Listener::stop() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    if (write(wake_, &one, sizeof(one)) != sizeof(one)) log_error("listener: cannot wake its thread");
    thread_.join();
  }
  if (socket_ >= 0) close(std::exchange(socket_, -1));
}

void Listener::run(const std::function<void(int socket)>& on_connection) const {
  std::array<pollfd, 2> waited = {pollfd{.fd = wake_, .events = POLLIN, .revents = 0},
                                  pollfd{.fd = socket_, .events = POLLIN, .revents = 0}};
  while (true) {
    if (poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR) {
      log_error("cannot wait for connections on port {}: {}", port_, last_system_error());
      return;
    }
    if (waited[0].revents != 0) return;
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    const int fd =
        accept4(socket_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      // Out of descriptors or memory: what waits keeps the socket readable, so wait a little for stop or
      // better times.
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) poll(waited.data(), 1, 100);
      continue;
    }
    const std::string place = text_of(address);
    if (!is_private(classify_address(place))) {
      log_warning("refused a connection from {}: without a secret only private networks are served", place);
      close(fd);
      continue;
    }
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    on_connection(fd);
  }
}

}  // namespace shoal
