// Where a node announces itself, and where it cannot. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "net/interfaces.h"

namespace shoal {

// Nodes that listen for announcements join this group, of a range that stays within the local network.
inline constexpr const char* announcement_group = "239.255.22.46";

struct AnnouncementFilter {
  std::string host;                        // --node-host
  std::vector<std::string> allowed_types;  // --interface-type-filter; empty: all
};

// Why the node does not announce itself there; empty: it does.
std::string why_not_announced(const Interface& interface, const AnnouncementFilter& filter);

// Where datagrams from this interface go: to the network's broadcast address, and, because what one computes
// from one's own prefix may not be what the others listen to, to everybody on the wire and to the group.
std::vector<std::string> announcement_targets(const Interface& interface);

// One line where no other machine can hear of this node; empty: some can, or none should.
std::string explain_silence(std::span<const Interface> interfaces, const AnnouncementFilter& filter);

}  // namespace shoal
