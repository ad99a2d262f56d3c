// Addresses of peers as text: which are private, which are better, what the parts of a gRPC peer name are.
#pragma once

#include <cstdint>
#include <optional>
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

// Whether a node without a secret talks to that address. Host names are judged when they have been resolved.
bool is_private(AddressKind kind);

// The larger the better, among addresses of one node.
int32_t address_preference(AddressKind kind);

// "ipv4:10.0.0.1:5000", "ipv6:%5Bfe80::1%25eth0%5D:5000" → the address alone.
std::optional<std::string> parse_grpc_peer(std::string_view peer);

// What gRPC dials: "ipv4:10.0.0.1:5000", "ipv6:[fd00::1]:5000", "dns:///host:5000".
std::string grpc_target(std::string_view address, int32_t port);

// "10.0.0.1:5000", "[fd00::1]:5000"
std::string host_and_port(std::string_view address, int32_t port);

}  // namespace shoal
