// Where a node announces itself, and where it cannot. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "net/interfaces.h"

namespace shoal {

// Nodes that listen for announcements join this multicast group. Its range stays within the local network.
inline constexpr const char* announcement_group = "239.255.22.46";

struct AnnouncementFilter {
  std::string host;                        // --node-host
  std::vector<std::string> allowed_types;  // --interface-type-filter; empty: all
};

// Why the node does not announce itself on this interface; empty when it does.
std::string why_not_announced(const Interface& interface, const AnnouncementFilter& filter);

// The addresses to which announcements go from this interface: its broadcast address and, because other nodes
// may have another prefix, 255.255.255.255 and the group. On loopback the first is enough.
std::vector<std::string> announcement_targets(const Interface& interface);

// Says in one line why no other machine hears of this node; empty when some can, or none should.
std::string explain_silence(std::span<const Interface> interfaces, const AnnouncementFilter& filter);

}  // namespace shoal
