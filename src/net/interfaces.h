// The networks this machine is in, and which of them are good for carrying hidden states.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shoal {

// One IPv4 address of one interface that is up.
struct Interface {
  std::string name;
  std::string type;       // as exo calls them: "Ethernet", "WiFi", "Thunderbolt", …
  std::string address;    // of this machine
  std::string broadcast;  // of its prefix, at a tunnel the other end; empty in a network of one
};

std::vector<Interface> list_interfaces();

// From the name alone; nothing is asked of the system.
std::string interface_type(std::string_view name);

// The larger, the better: cables between two machines before networks, real ones before virtual ones.
int32_t interface_priority(std::string_view type);

}  // namespace shoal
