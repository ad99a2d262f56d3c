#include "net/announcement_places.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "net/address.h"

namespace shoal {
namespace {

bool is_everywhere(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::" ||
         classify_address(host) == AddressKind::not_numeric;
}

bool is_loopback(const Interface& interface) {
  return classify_address(interface.address) == AddressKind::loopback;
}

}  // namespace

std::string why_not_announced(const Interface& interface, const AnnouncementFilter& filter) {
  const std::string place = fmt::format("{} ({})", interface.name, interface.address);
  if (!is_private(classify_address(interface.address))) {
    return fmt::format("{} is a public address, and without a secret only private networks are used", place);
  }
  if (!filter.allowed_types.empty() &&
      std::ranges::find(filter.allowed_types, interface.type) == filter.allowed_types.end()) {
    return fmt::format("{} is of type {}, and --interface-type-filter lets in {}", place, interface.type,
                       fmt::join(filter.allowed_types, ", "));
  }
  if (!is_everywhere(filter.host) && interface.address != filter.host) {
    return fmt::format("{} is not --node-host {}", place, filter.host);
  }
  return {};
}

std::vector<std::string> announcement_targets(const Interface& interface) {
  if (is_loopback(interface)) return {interface.broadcast};
  std::vector<std::string> targets;
  if (!interface.broadcast.empty()) targets.push_back(interface.broadcast);
  targets.emplace_back("255.255.255.255");
  targets.emplace_back(announcement_group);
  return targets;
}

std::string explain_silence(std::span<const Interface> interfaces, const AnnouncementFilter& filter) {
  if (classify_address(filter.host) == AddressKind::loopback) return {};
  std::vector<std::string> reasons;
  for (const Interface& interface : interfaces) {
    if (is_loopback(interface)) continue;
    std::string reason = why_not_announced(interface, filter);
    if (reason.empty()) return {};
    reasons.push_back(std::move(reason));
  }
  if (reasons.empty()) {
    return "this node is announced on this machine only: no network interface with an IPv4 address is up";
  }
  return fmt::format(
      "other machines do not hear of this node by themselves: {}; a private network such as Tailscale's, or "
      "--discovery-module manual with private addresses, connects them",
      fmt::join(reasons, "; "));
}

}  // namespace shoal
