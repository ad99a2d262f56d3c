// Addresses of peers as text: which are private, which are better.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace shoal {

enum class AddressKind : uint8_t {
  not_numeric,  // a host name
  loopback,
  private_network,  // RFC 1918, and fc00::/7 of IPv6
  link_local,
  carrier_grade,  // 100.64.0.0/10, where Tailscale's addresses lie
  other,          // the internet, multicast, unspecified
};

// IPv4 addresses written as IPv6 (::ffff:10.0.0.1) count as what they are. A zone (%eth0) is ignored.
AddressKind classify_address(std::string_view address);

// Whether a node without a secret talks to addresses of this kind. A host name is judged by the addresses to
// which it resolves.
bool is_private(AddressKind kind);

// Among the addresses of one node the one with the largest value is the best.
int32_t address_preference(AddressKind kind);

// "10.0.0.1:5000", "[fd00::1]:5000"
std::string host_and_port(std::string_view address, int32_t port);

}  // namespace shoal
