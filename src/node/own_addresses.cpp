#include "node/own_addresses.h"

#include <algorithm>
#include <tuple>

#include "net/address.h"
#include "net/interfaces.h"

namespace shoal {
namespace {

bool is_v6(const std::string& address) { return address.find(':') != std::string::npos; }

std::string in_url(const std::string& address) { return is_v6(address) ? "[" + address + "]" : address; }

// Excludes IPv6 link-local addresses, because they need a zone and no browser takes that, and a container's
// bridge, which leads nowhere else.
bool is_for_others(const os::InterfaceAddress& each, const std::string& host) {
  const AddressKind kind = classify_address(each.address);
  const bool is_wanted = host == "::" || (host == "0.0.0.0" && !is_v6(each.address)) || host == each.address;
  return is_wanted && is_private(kind) && kind != AddressKind::loopback &&
         !(kind == AddressKind::link_local && is_v6(each.address)) &&
         interface_type(each.interface) != "Container Virtual";
}

}  // namespace

std::vector<std::string> own_addresses(const std::string& host,
                                       const std::vector<os::InterfaceAddress>& interfaces) {
  std::vector<os::InterfaceAddress> found;
  for (const os::InterfaceAddress& each : interfaces) {
    if (is_for_others(each, host)) found.push_back(each);
  }
  const auto rank = [](const os::InterfaceAddress& each) {
    return std::tuple(is_v6(each.address), -interface_priority(interface_type(each.interface)),
                      -address_preference(classify_address(each.address)));
  };
  std::ranges::stable_sort(found, {}, rank);
  std::vector<std::string> addresses, told;
  for (const os::InterfaceAddress& each : found) {
    const bool is_told = std::ranges::find(told, each.interface) != told.end();
    if (is_told && is_v6(each.address)) continue;
    told.push_back(each.interface);
    addresses.push_back(in_url(each.address));
  }
  return addresses;
}

}  // namespace shoal
