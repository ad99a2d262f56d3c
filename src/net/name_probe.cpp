#include "net/name_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "net/address.h"
#include "net/announcement.h"
#include "net/announcement_places.h"
#include "net/interfaces.h"
#include "net/name_question.h"

namespace shoal {
namespace {

class DatagramSocket {
 public:
  DatagramSocket(const std::string& address, int32_t port)
      : descriptor_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const int on = 1;
    for (const int option : {SO_REUSEADDR, SO_REUSEPORT, SO_BROADCAST}) {
      setsockopt(descriptor_, SOL_SOCKET, option, &on, sizeof(on));
    }
    const sockaddr_in place = make_place(address, port);
    is_bound_ =
        descriptor_ >= 0 && bind(descriptor_, reinterpret_cast<const sockaddr*>(&place), sizeof(place)) == 0;
  }
  ~DatagramSocket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  bool is_bound() const { return is_bound_; }

  // A failure is ignored: the question may be heard in another network.
  void send(const std::string& text, const std::string& address, int32_t port) const {
    const sockaddr_in place = make_place(address, port);
    [[maybe_unused]] const ssize_t sent = sendto(descriptor_, text.data(), text.size(), 0,
                                                 reinterpret_cast<const sockaddr*>(&place), sizeof(place));
  }

  struct Datagram {
    std::string text;
    std::string source;
  };
  std::optional<Datagram> receive(TimePoint until) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd waited{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, static_cast<int>(std::max<int64_t>(left.count(), 0))) != 1) return std::nullopt;
    std::array<char, 2048> bytes;
    sockaddr_in source{};
    socklen_t size = sizeof(source);
    const ssize_t count =
        recvfrom(descriptor_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&source), &size);
    if (count < 0) return std::nullopt;
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, &source.sin_addr, text.data(), text.size());
    return Datagram{.text = std::string(bytes.data(), static_cast<size_t>(count)), .source = text.data()};
  }

 private:
  static sockaddr_in make_place(const std::string& address, int32_t port) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, address.c_str(), &place.sin_addr);
    return place;
  }

  int descriptor_;
  bool is_bound_ = false;
};

// Sends the question into every network in which a node of these settings announces itself.
void ask(const std::string& question, const NameProbeSettings& settings) {
  const AnnouncementFilter filter{.host = settings.host, .allowed_types = settings.allowed_interface_types};
  for (const Interface& interface : list_interfaces()) {
    if (!why_not_announced(interface, filter).empty()) continue;
    const DatagramSocket socket(interface.address, 0);
    if (!socket.is_bound()) continue;
    for (const std::string& place : announcement_targets(interface)) {
      socket.send(question, place, settings.broadcast_port);
    }
  }
}

enum class Meaning : uint8_t { nothing, taken, asked_by_a_later_one };

Meaning read(const DatagramSocket::Datagram& heard, const NodeId& name, uint64_t incarnation) {
  if (!is_private(classify_address(heard.source))) return Meaning::nothing;
  if (const auto question = parse_name_question(heard.text)) {
    if (question->node != name || question->incarnation == incarnation) return Meaning::nothing;
    return question->incarnation > incarnation ? Meaning::taken : Meaning::asked_by_a_later_one;
  }
  const auto announcement = parse_announcement(heard.text);
  const bool is_taken =
      announcement && announcement->node == name && announcement->incarnation != incarnation;
  return is_taken ? Meaning::taken : Meaning::nothing;
}

}  // namespace

bool is_name_taken(const NodeId& name, const NameProbeSettings& settings, std::stop_token stop) {
  const DatagramSocket ear("0.0.0.0", settings.listen_port);
  if (!ear.is_bound()) return false;
  const std::string question = format_name_question({.node = name, .incarnation = settings.incarnation});
  for (int i = 0; i < settings.question_count && !stop.stop_requested(); ++i) {
    ask(question, settings);
    const TimePoint end = std::chrono::steady_clock::now() + settings.question_interval;
    bool has_replied = false;
    while (std::chrono::steady_clock::now() < end) {
      const auto heard = ear.receive(end);
      if (!heard) continue;
      const Meaning meaning = read(*heard, name, settings.incarnation);
      if (meaning == Meaning::taken) return true;
      if (meaning == Meaning::asked_by_a_later_one && !std::exchange(has_replied, true))
        ask(question, settings);
    }
  }
  return false;
}

}  // namespace shoal
