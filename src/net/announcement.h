// What a node shouts into the local network, as one JSON datagram. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ids.h"

namespace shoal {

struct Announcement {
  std::string version;
  std::string cluster;  // nodes of different clusters do not see each other; the empty name is a cluster too
  NodeId node;
  uint64_t incarnation;
  int32_t peer_port;
  int32_t priority;  // interface_priority() of the network into which it was sent
  std::string interface_name;
  std::string interface_type;

  bool operator==(const Announcement&) const = default;
};

std::string format_announcement(const Announcement& announcement);

// Fails with invalid_argument when the datagram is no announcement of Shoal: other programs use the same
// port.
Result<Announcement> parse_announcement(std::string_view datagram);

}  // namespace shoal
