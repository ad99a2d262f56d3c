#include "node/own_addresses.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

using Texts = std::vector<std::string>;

const std::vector<os::InterfaceAddress> interfaces{
    {"lo", "127.0.0.1"},     {"docker0", "172.17.0.1"}, {"wlan0", "192.168.1.5"},
    {"wlan0", "fd00::5"},    {"eth0", "10.0.0.5"},      {"eth0", "10.0.1.5"},
    {"eth1", "203.0.113.5"}, {"eth1", "fd01::5"},       {"tailscale0", "100.64.1.5"},
    {"lo", "::1"},           {"eth0", "fe80::5"},       {"eth2", "2001:db8::5"}};

TEST(OwnAddresses, AreThoseThatOneTypesOnAnotherDevice) {
  EXPECT_EQ(own_addresses("::", interfaces),
            (Texts{"10.0.0.5", "10.0.1.5", "192.168.1.5", "100.64.1.5", "[fd01::5]"}));
  EXPECT_EQ(own_addresses("0.0.0.0", interfaces),
            (Texts{"10.0.0.5", "10.0.1.5", "192.168.1.5", "100.64.1.5"}));
  EXPECT_EQ(own_addresses("192.168.1.5", interfaces), Texts{"192.168.1.5"});
  EXPECT_EQ(own_addresses("fd00::5", interfaces), Texts{"[fd00::5]"});
  EXPECT_EQ(own_addresses("127.0.0.1", interfaces), Texts());
  EXPECT_EQ(own_addresses("::1", interfaces), Texts());
}

}  // namespace
}  // namespace shoal
