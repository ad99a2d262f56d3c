#include "net/address.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(Address, KindsAreThoseOfTheirStandards) {
  using enum AddressKind;
  const std::vector<std::pair<std::string, AddressKind>> kinds = {{"127.0.0.1", loopback},
                                                                  {"127.255.255.254", loopback},
                                                                  {"10.0.0.1", private_network},
                                                                  {"10.255.255.255", private_network},
                                                                  {"11.0.0.1", other},
                                                                  {"172.15.255.255", other},
                                                                  {"172.16.0.1", private_network},
                                                                  {"172.31.255.255", private_network},
                                                                  {"172.32.0.0", other},
                                                                  {"192.168.1.1", private_network},
                                                                  {"192.169.0.1", other},
                                                                  {"169.254.3.4", link_local},
                                                                  {"100.63.255.255", other},
                                                                  {"100.64.0.1", carrier_grade},
                                                                  {"100.127.255.255", carrier_grade},
                                                                  {"100.128.0.0", other},
                                                                  {"8.8.8.8", other},
                                                                  {"0.0.0.0", other},
                                                                  {"255.255.255.255", other},
                                                                  {"224.0.0.1", other},
                                                                  {"::1", loopback},
                                                                  {"::2", other},
                                                                  {"::", other},
                                                                  {"fe80::1", link_local},
                                                                  {"fe80::1%eth0", link_local},
                                                                  {"febf::1", link_local},
                                                                  {"fec0::1", other},
                                                                  {"fc00::1", private_network},
                                                                  {"fdff::1", private_network},
                                                                  {"fe00::1", other},
                                                                  {"2001:4860::8888", other},
                                                                  {"::ffff:10.0.0.1", private_network},
                                                                  {"::ffff:8.8.8.8", other},
                                                                  {"host.local", not_numeric},
                                                                  {"", not_numeric},
                                                                  {"10.0.0", not_numeric},
                                                                  {"10.0.0.2%eth0", not_numeric},
                                                                  {"10.0.0.1.2", not_numeric}};
  for (const auto& [address, kind] : kinds) {
    EXPECT_EQ(classify_address(address), kind) << address;
    EXPECT_EQ(is_private(classify_address(address)), kind != other && kind != not_numeric) << address;
  }
}

}  // namespace
}  // namespace shoal
