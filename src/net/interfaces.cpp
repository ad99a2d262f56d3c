#include "net/interfaces.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <utility>

namespace shoal {
namespace {

struct Kind {
  std::string_view type;
  int32_t priority;
  std::vector<std::string_view> prefixes;  // of interface names
};

// Containers' bridges come last, because they hardly ever lead out of this machine.
const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"Loopback", 6, {"lo"}},
      {"Thunderbolt", 5, {"thunderbolt"}},
      {"Ethernet", 4, {"eth", "en", "bond", "ib"}},
      {"WiFi", 3, {"wl"}},
      {"Other", 2, {}},
      {"External Virtual", 1, {"tun", "tap", "utun", "wg", "tailscale", "zt", "ppp"}},
      {"Container Virtual",
       0,
       {"docker", "br-", "veth", "cni", "flannel", "cali", "weave", "virbr", "lxc", "podman", "bridge"}},
  };
  return all;
}

std::string text_of(in_addr address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET, &address, text.data(), text.size()) == nullptr ? "" : text.data();
}

in_addr address_of(const sockaddr* address) {
  return reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
}

// The address at which all others on this interface are reached; empty when there is none.
std::string find_broadcast(const ifaddrs& entry) {
  if ((entry.ifa_flags & IFF_LOOPBACK) != 0) return "127.255.255.255";
  if ((entry.ifa_flags & IFF_POINTOPOINT) != 0) {
    const bool has_other_end = entry.ifa_dstaddr != nullptr && entry.ifa_dstaddr->sa_family == AF_INET;
    return has_other_end ? text_of(address_of(entry.ifa_dstaddr)) : "";
  }
  if ((entry.ifa_flags & IFF_BROADCAST) == 0 || entry.ifa_netmask == nullptr) return "";
  const in_addr netmask = address_of(entry.ifa_netmask);
  if (netmask.s_addr == INADDR_NONE) return "";  // a network of one
  return text_of({address_of(entry.ifa_addr).s_addr | ~netmask.s_addr});
}

}  // namespace

std::string interface_type(std::string_view name) {
  for (const Kind& kind : kinds()) {
    if (std::ranges::any_of(kind.prefixes,
                            [&](std::string_view prefix) { return name.starts_with(prefix); })) {
      return std::string(kind.type);
    }
  }
  return "Other";
}

int32_t interface_priority(std::string_view type) {
  const auto found = std::ranges::find(kinds(), type, &Kind::type);
  return found == kinds().end() ? 0 : found->priority;
}

std::vector<Interface> list_interfaces() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  std::vector<Interface> interfaces;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET ||
        (entry->ifa_flags & IFF_UP) == 0)
      continue;
    interfaces.push_back({.name = entry->ifa_name,
                          .type = interface_type(entry->ifa_name),
                          .address = text_of(address_of(entry->ifa_addr)),
                          .broadcast = find_broadcast(*entry)});
  }
  freeifaddrs(first);
  return interfaces;
}

}  // namespace shoal
