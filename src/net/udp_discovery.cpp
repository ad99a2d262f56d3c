#include "net/udp_discovery.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/os.h"
#include "net/address.h"
#include "net/name_question.h"

namespace shoal {
namespace {

// What comes faster is passed over. A node sends up to three datagrams into each of its networks every 1 to
// 2.5 s, and many nodes may share an address.
constexpr int64_t datagrams_per_second = 4000;
constexpr int64_t source_datagrams_per_second = 500;
constexpr int64_t source_limit = 4096;
constexpr Duration shortest_answer_interval = std::chrono::milliseconds(50);

void set_option(int socket, int option) {
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, option, &on, sizeof(on));
}

sockaddr_in make_address(const std::string& address, int32_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &result.sin_addr);
  return result;
}

bool bind_to(int socket, const sockaddr_in& address) {
  return bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

template <class List, class Value>
bool contains_or_empty(const List& list, const Value& value) {
  return list.empty() || std::ranges::find(list, value) != list.end();
}

}  // namespace

Result<std::unique_ptr<UdpDiscovery>> UdpDiscovery::listen(UdpDiscoverySettings settings) {
  for (const auto& [flag, port] : {std::pair("--listen-port", settings.listen_port),
                                   std::pair("--broadcast-port", settings.broadcast_port)}) {
    if (port >= 1 && port <= 65535) continue;
    return fail(ErrorCode::invalid_argument, fmt::format("{} {} is not within 1 and 65535", flag, port));
  }
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(ErrorCode::unavailable, fmt::format("no UDP socket: {}", std::strerror(errno)));
  set_option(fd, SO_REUSEADDR);
  set_option(fd, SO_REUSEPORT);
  set_option(fd, SO_BROADCAST);
  if (!bind_to(fd, make_address("0.0.0.0", settings.listen_port))) {
    const int error = errno;
    close(fd);
    return fail(
        ErrorCode::unavailable,
        fmt::format("cannot listen for other nodes on UDP port {}: {}; choose another --listen-port and "
                    "--broadcast-port on all nodes",
                    settings.listen_port, std::strerror(error)));
  }
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) {
    close(fd);
    return fail(ErrorCode::resource_exhausted,
                fmt::format("cannot make an eventfd: {}", std::strerror(errno)));
  }
  return std::unique_ptr<UdpDiscovery>(new UdpDiscovery(std::move(settings), fd, wake));
}

UdpDiscovery::UdpDiscovery(UdpDiscoverySettings settings, int socket, int wake)
    : settings_(std::move(settings)),
      filter_{.host = settings_.host, .allowed_types = settings_.allowed_interface_types},
      socket_(socket),
      wake_(wake),
      random_(os::random_bits()),
      total_rate_(datagrams_per_second, 2 * datagrams_per_second) {}

UdpDiscovery::~UdpDiscovery() {
  stop();
  close(wake_);
}

void UdpDiscovery::start(std::function<void(PeerCandidate)> on_candidate) {
  thread_ = std::jthread([this, on_candidate = std::move(on_candidate)] { run(on_candidate); });
}

void UdpDiscovery::stop() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    if (write(wake_, &one, sizeof(one)) != sizeof(one)) log_error("discovery: cannot wake its thread");
    thread_.join();
  }
  if (socket_ >= 0) close(std::exchange(socket_, -1));
}

Duration UdpDiscovery::next_pause() {
  std::uniform_int_distribution<int64_t> pause(settings_.shortest_interval.count(),
                                               settings_.longest_interval.count());
  return Duration(pause(random_));
}

void UdpDiscovery::run(const std::function<void(PeerCandidate)>& on_candidate) {
  os::set_thread_name("discovery");
  std::array<pollfd, 2> waited = {pollfd{.fd = wake_, .events = POLLIN, .revents = 0},
                                  pollfd{.fd = socket_, .events = POLLIN, .revents = 0}};
  TimePoint next = std::chrono::steady_clock::now();
  while (true) {
    const TimePoint now = std::chrono::steady_clock::now();
    if (now >= next) {
      announce();
      next = now + next_pause();
    }
    const auto wait_ms = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
    if (poll(waited.data(), waited.size(), static_cast<int>(wait_ms)) < 0 && errno != EINTR) {
      log_error("discovery ends: {}", std::strerror(errno));
      return;
    }
    if (waited[0].revents != 0) return;
    if (waited[1].revents != 0) receive(on_candidate);
  }
}

void UdpDiscovery::announce() {
  const std::vector<Interface> interfaces = list_interfaces();
  for (const Interface& interface : interfaces) {
    if (!why_not_announced(interface, filter_).empty()) continue;
    join_group(interface);
    announce_on(interface);
  }
  tell_silence(interfaces);
}

// Called with every announcement, because networks come and go. To join a group again changes nothing.
void UdpDiscovery::join_group(const Interface& interface) {
  ip_mreqn group{};
  inet_pton(AF_INET, announcement_group, &group.imr_multiaddr);
  inet_pton(AF_INET, interface.address.c_str(), &group.imr_address);
  if (setsockopt(socket_, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) == 0 || errno == EADDRINUSE)
    return;
  log_debug(2, "cannot hear the group {} on {}: {}", announcement_group, interface.name,
            std::strerror(errno));
}

// Warns only when there is something new to say.
void UdpDiscovery::tell_silence(std::span<const Interface> interfaces) {
  std::string silence = explain_silence(interfaces, filter_);
  if (silence == told_silence_) return;
  if (!silence.empty()) log_warning("{}", silence);
  told_silence_ = std::move(silence);
}

// Sends from the interface's own address, so that others see the address at which they can reach this node.
void UdpDiscovery::announce_on(const Interface& interface) {
  const std::string datagram = format_announcement({.version = settings_.version,
                                                    .cluster = settings_.cluster,
                                                    .node = settings_.node,
                                                    .incarnation = settings_.incarnation,
                                                    .peer_port = settings_.peer_port,
                                                    .priority = interface_priority(interface.type),
                                                    .interface_name = interface.name,
                                                    .interface_type = interface.type});
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  set_option(fd, SO_BROADCAST);
  const bool is_bound = bind_to(fd, make_address(interface.address, 0));
  for (const std::string& place : announcement_targets(interface)) {
    const sockaddr_in target = make_address(place, settings_.broadcast_port);
    if (is_bound && sendto(fd, datagram.data(), datagram.size(), 0,
                           reinterpret_cast<const sockaddr*>(&target), sizeof(target)) >= 0) {
      continue;
    }
    log_debug(2, "cannot announce this node to {} on {}: {}", place, interface.name, std::strerror(errno));
  }
  close(fd);
}

void UdpDiscovery::receive(const std::function<void(PeerCandidate)>& on_candidate) {
  constexpr int burst = 64;  // after so many, run() looks whether it is time to stop or to announce
  for (int i = 0; i < burst; ++i) {
    std::array<char, 2048> bytes;
    sockaddr_in source{};
    socklen_t size = sizeof(source);
    const ssize_t count =
        recvfrom(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&source), &size);
    if (count < 0) return;
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, &source.sin_addr, text.data(), text.size());
    if (has_room(text.data())) hear({bytes.data(), static_cast<size_t>(count)}, text.data(), on_candidate);
  }
}

// Whether a datagram from `source` is looked at, or comes too fast.
bool UdpDiscovery::has_room(const std::string& source) {
  const TimePoint now = std::chrono::steady_clock::now();
  if (std::ssize(rates_) >= source_limit) {
    std::erase_if(rates_, [&](const auto& rate) { return rate.second.is_rested(now); });
  }
  if (std::ssize(rates_) < source_limit || rates_.contains(source)) {
    auto& rate = rates_.try_emplace(source, source_datagrams_per_second, 2 * source_datagrams_per_second)
                     .first->second;
    if (rate.try_take(now) && total_rate_.try_take(now)) return true;
  }
  told_.warn(now, "discovery: announcements come faster than they can be heard; some are passed over");
  return false;
}

void UdpDiscovery::hear(std::string_view datagram, const std::string& source,
                        const std::function<void(PeerCandidate)>& on_candidate) {
  const auto heard = parse_announcement(datagram);
  const TimePoint now = std::chrono::steady_clock::now();
  if (!heard) {
    // A node that wants this one's name hears at once that it is taken.
    const auto question = parse_name_question(datagram);
    if (question && question->node == settings_.node && question->incarnation != settings_.incarnation) {
      if (now < next_answer_ || !is_private(classify_address(source))) return;
      next_answer_ = now + shortest_answer_interval;
      return announce();
    }
    log_debug(4, "discovery: {} bytes from {}: {}", datagram.size(), source, heard.error().message);
    return;
  }
  if (heard->node == settings_.node && heard->incarnation == settings_.incarnation) return;
  if (!is_private(classify_address(source))) {
    log_debug(2, "discovery: {} is no private address", source);
    return;
  }
  if (heard->cluster != settings_.cluster || !contains_or_empty(settings_.allowed_nodes, heard->node) ||
      !contains_or_empty(settings_.allowed_interface_types, heard->interface_type)) {
    log_debug(3, "discovery: {} at {} is not for this node", heard->node, source);
    return;
  }
  if (heard->version != settings_.version) {
    told_.warn(now,
               fmt::format("node {} at {} runs Shoal {}, this one {}: nodes of different versions do not "
                           "join; install the same on both",
                           heard->node, source, heard->version, settings_.version));
    return;
  }
  on_candidate({.node = heard->node,
                .address = source,
                .port = heard->peer_port,
                .description = "UDP",
                .declared = {},
                .priority = heard->priority});
}

}  // namespace shoal
