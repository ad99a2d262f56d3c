// Nodes of one local network, or of one machine, find each other by broadcast and multicast datagrams.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log_filter.h"
#include "cluster/discovery.h"
#include "net/announcement.h"
#include "net/announcement_places.h"
#include "net/interfaces.h"
#include "net/rate_limit.h"

namespace shoal {

struct UdpDiscoverySettings {
  NodeId node;
  uint64_t incarnation;
  std::string version;
  std::string cluster;           // only nodes of the same cluster are seen
  std::string host = "0.0.0.0";  // --node-host: a node bound to one address announces itself only there
  int32_t peer_port;
  int32_t listen_port = 5678;
  int32_t broadcast_port = 5678;
  std::vector<std::string> allowed_nodes;            // --node-id-filter; empty: all
  std::vector<std::string> allowed_interface_types;  // --interface-type-filter; empty: all
  // Announcements are a random time apart, between these two.
  Duration shortest_interval = std::chrono::milliseconds(1000);
  Duration longest_interval = std::chrono::milliseconds(2500);
};

class UdpDiscovery final : public Discovery {
 public:
  // Takes the port, which it shares with other nodes of this machine. Fails with unavailable when another
  // program holds it alone, with invalid_argument when a port is out of range.
  static Result<std::unique_ptr<UdpDiscovery>> listen(UdpDiscoverySettings settings);
  ~UdpDiscovery() override;

  void start(std::function<void(PeerCandidate)> on_candidate) override;
  void stop() override;

 private:
  UdpDiscovery(UdpDiscoverySettings settings, int socket, int wake);
  void run(const std::function<void(PeerCandidate)>& on_candidate);
  void announce();
  void announce_on(const Interface& interface);
  void join_group(const Interface& interface);
  void tell_silence(std::span<const Interface> interfaces);
  void receive(const std::function<void(PeerCandidate)>& on_candidate);
  bool has_room(const std::string& source);
  void hear(std::string_view datagram, const std::string& source,
            const std::function<void(PeerCandidate)>& on_candidate);
  Duration next_pause();

  const UdpDiscoverySettings settings_;
  const AnnouncementFilter filter_;
  int socket_;
  int wake_;                // an eventfd; readable when the thread is to stop
  std::mt19937_64 random_;  // from here to next_answer_ all is owned by the thread
  std::string told_silence_;
  LogFilter told_;
  RateLimit total_rate_;
  std::map<std::string, RateLimit> rates_;  // by the source of datagrams that were heard lately
  TimePoint next_answer_{};                 // a name question is not answered before
  std::jthread thread_;
};

}  // namespace shoal
