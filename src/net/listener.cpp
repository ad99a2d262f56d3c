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

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/os.h"
#include "net/address.h"

namespace shoal {
namespace {

constexpr std::string_view everywhere = "::";
constexpr int renewal_interval_ms = 2000;

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

// A non-blocking socket that listens. Fails as Listener::bind().
Result<int> listen_on(const addrinfo& address, const std::string& place) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return fail(ErrorCode::unavailable, fmt::format("cannot listen on {}: {}", place, last_system_error()));
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.ai_family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
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

Result<int> listen_on(const std::string& host, int32_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0) {
    return fail(ErrorCode::invalid_argument, fmt::format("--node-host {}: {}", host, gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  return listen_on(*found, host_and_port(host, port));
}

// This machine's private IPv6 addresses; link-local ones have their zone.
std::vector<std::string> private_v6_addresses() {
  std::vector<std::string> addresses;
  for (const os::InterfaceAddress& each : os::interface_addresses()) {
    const AddressKind kind = classify_address(each.address);
    if (each.address.find(':') == std::string::npos || !is_private(kind)) continue;
    addresses.push_back(kind == AddressKind::link_local ? each.address + "%" + each.interface : each.address);
  }
  return addresses;
}

}  // namespace

Result<Listener> Listener::bind(const std::string& host, int32_t port) {
  if (port < 0 || port > 65535) {
    return fail(ErrorCode::invalid_argument, fmt::format("--node-port {} is not within 0 and 65535", port));
  }
  const bool is_everywhere = host == everywhere;
  const auto fd = listen_on(is_everywhere ? "0.0.0.0" : host, port);
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
  Listener listener(*fd, wake, port_of(bound), is_everywhere);
  if (is_everywhere) listener.renew_doors();
  return listener;
}

Listener::Listener(Listener&& other) noexcept
    : doors_(std::exchange(other.doors_, {})),
      wake_(std::exchange(other.wake_, -1)),
      port_(other.port_),
      is_everywhere_(other.is_everywhere_) {}

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
  for (const Door& door : std::exchange(doors_, {})) close(door.socket);
}

// Listens at each private IPv6 address by itself, since they come and go with the networks. A node that dials
// a public one is refused by the system at once, and tries the next address.
void Listener::renew_doors() {
  const std::vector<std::string> wanted = private_v6_addresses();
  std::erase_if(doors_, [&](const Door& door) {
    const bool is_gone = !door.address.empty() && std::ranges::find(wanted, door.address) == wanted.end();
    if (is_gone) close(door.socket);
    return is_gone;
  });
  for (const std::string& address : wanted) {
    if (std::ranges::find(doors_, address, &Door::address) != doors_.end()) continue;
    if (const auto fd = listen_on(address, port_)) {
      doors_.push_back({.socket = *fd, .address = address});
    } else {
      log_debug(2, "{}", fd.error().message);
    }
  }
}

void Listener::run(const std::function<void(int socket)>& on_connection) {
  TimePoint renewal = std::chrono::steady_clock::now();
  while (true) {
    if (is_everywhere_ && std::chrono::steady_clock::now() >= renewal) {
      renew_doors();
      renewal = std::chrono::steady_clock::now() + std::chrono::milliseconds(renewal_interval_ms);
    }
    std::vector<pollfd> waited{{.fd = wake_, .events = POLLIN, .revents = 0}};
    for (const Door& door : doors_) waited.push_back({.fd = door.socket, .events = POLLIN, .revents = 0});
    if (poll(waited.data(), waited.size(), is_everywhere_ ? renewal_interval_ms : -1) < 0 && errno != EINTR) {
      log_error("cannot wait for connections on port {}: {}", port_, last_system_error());
      return;
    }
    if (waited[0].revents != 0) return;
    for (size_t i = 1; i < waited.size(); ++i) {
      if (waited[i].revents != 0) take(waited[i].fd, on_connection);
    }
  }
}

void Listener::take(int socket, const std::function<void(int socket)>& on_connection) const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  const int fd = accept4(socket, reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    // Most likely this process is out of descriptors or memory. The connection that waits keeps the socket
    // readable, so the thread pauses for 100 ms or until stop().
    pollfd stop{.fd = wake_, .events = POLLIN, .revents = 0};
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) poll(&stop, 1, 100);
    return;
  }
  const std::string place = text_of(address);
  if (!is_private(classify_address(place))) {
    log_warning("refused a connection from {}: without a secret only private networks are served", place);
    close(fd);
    return;
  }
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  on_connection(fd);
}

}  // namespace shoal
