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
  std::string type;     // as exo calls them: "Ethernet", "WiFi", "Thunderbolt", …
  std::string address;  // of this machine
  std::string
      broadcast;  // the prefix's broadcast address, or a tunnel's other end; empty in a network of one
};

std::vector<Interface> list_interfaces();

// Judges by the name alone; nothing is asked of the system.
std::string interface_type(std::string_view name);

// The larger the better: loopback, then cables between two machines, then networks, and virtual ones last.
int32_t interface_priority(std::string_view type);

}  // namespace shoal
