#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <cstring>

namespace shoal {
namespace {

AddressKind classify_v4(uint32_t address) {
  auto within = [address](uint32_t prefix, int bits) { return (address ^ prefix) >> (32 - bits) == 0; };
  if (within(0x7f000000, 8)) return AddressKind::loopback;
  if (within(0x0a000000, 8) || within(0xac100000, 12) || within(0xc0a80000, 16))
    return AddressKind::private_network;
  if (within(0xa9fe0000, 16)) return AddressKind::link_local;
  if (within(0x64400000, 10)) return AddressKind::carrier_grade;
  return AddressKind::other;
}

AddressKind classify_v6(const std::array<uint8_t, 16>& address) {
  constexpr std::array<uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(address.data(), mapped.data(), mapped.size()) == 0) {
    return classify_v4(static_cast<uint32_t>(address[12]) << 24 | static_cast<uint32_t>(address[13]) << 16 |
                       static_cast<uint32_t>(address[14]) << 8 | address[15]);
  }
  constexpr std::array<uint8_t, 16> loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (address == loopback) return AddressKind::loopback;
  if ((address[0] & 0xfe) == 0xfc) return AddressKind::private_network;
  if (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) return AddressKind::link_local;
  return AddressKind::other;
}

}  // namespace

AddressKind classify_address(std::string_view text) {
  in_addr v4{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &v4) == 1) return classify_v4(ntohl(v4.s_addr));
  const std::string address(text.substr(0, text.find('%')));  // only IPv6 has zones
  std::array<uint8_t, 16> v6{};
  if (inet_pton(AF_INET6, address.c_str(), v6.data()) == 1) return classify_v6(v6);
  return AddressKind::not_numeric;
}

bool is_private(AddressKind kind) {
  switch (kind) {
    case AddressKind::loopback:
    case AddressKind::private_network:
    case AddressKind::link_local:
    case AddressKind::carrier_grade: return true;
    case AddressKind::not_numeric:
    case AddressKind::other: return false;
  }
  return false;
}

int32_t address_preference(AddressKind kind) {
  switch (kind) {
    case AddressKind::loopback: return 5;
    case AddressKind::private_network: return 4;
    case AddressKind::link_local: return 3;
    case AddressKind::carrier_grade: return 2;
    case AddressKind::not_numeric: return 1;
    case AddressKind::other: return 0;
  }
  return 0;
}

std::string host_and_port(std::string_view address, int32_t port) {
  return address.find(':') == std::string_view::npos ? fmt::format("{}:{}", address, port)
                                                     : fmt::format("[{}]:{}", address, port);
}

}  // namespace shoal
