#include "net/announcement_places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Interface loopback{
    .name = "lo", .type = "Loopback", .address = "127.0.0.1", .broadcast = "127.255.255.255"};
const Interface wire{.name = "eth0", .type = "Ethernet", .address = "10.1.2.3", .broadcast = "10.1.255.255"};
const Interface lonely{.name = "eth1", .type = "Ethernet", .address = "10.1.2.4", .broadcast = ""};
const Interface hosted{
    .name = "ens3", .type = "Ethernet", .address = "203.0.113.5", .broadcast = "203.0.113.255"};
const AnnouncementFilter everywhere{.host = "0.0.0.0", .allowed_types = {}};

TEST(AnnouncementPlaces, EverybodyOnTheWireAndTheGroupAreCalledBesideTheComputedBroadcast) {
  EXPECT_THAT(announcement_targets(wire), ElementsAre("10.1.255.255", "255.255.255.255", "239.255.22.46"));
  EXPECT_THAT(announcement_targets(lonely), ElementsAre("255.255.255.255", "239.255.22.46"))
      << "a network of one, by its prefix";
  EXPECT_THAT(announcement_targets(loopback), ElementsAre("127.255.255.255"));
}

TEST(AnnouncementPlaces, PublicFilteredAndOtherAddressesAreLeftOut) {
  EXPECT_EQ(why_not_announced(wire, everywhere), "");
  EXPECT_EQ(why_not_announced(wire, {.host = "::", .allowed_types = {"Ethernet"}}), "");
  EXPECT_EQ(why_not_announced(wire, {.host = "10.1.2.3", .allowed_types = {}}), "");
  EXPECT_THAT(why_not_announced(hosted, everywhere), HasSubstr("ens3 (203.0.113.5) is a public address"));
  EXPECT_THAT(why_not_announced(wire, {.host = "10.9.9.9", .allowed_types = {}}), HasSubstr("10.9.9.9"));
  EXPECT_THAT(why_not_announced(wire, {.host = "", .allowed_types = {"WiFi", "Thunderbolt"}}),
              HasSubstr("lets in WiFi, Thunderbolt"));
}

TEST(AnnouncementPlaces, OnlyWhereNobodyElseCanHearIsItSaid) {
  const std::vector<Interface> home = {loopback, wire, hosted}, cloud = {loopback, hosted},
                               plane = {loopback};
  EXPECT_EQ(explain_silence(home, everywhere), "");
  EXPECT_THAT(explain_silence(cloud, everywhere), HasSubstr("ens3 (203.0.113.5) is a public address"));
  EXPECT_THAT(explain_silence(plane, everywhere), HasSubstr("on this machine only"));
  EXPECT_EQ(explain_silence(cloud, {.host = "127.0.0.1", .allowed_types = {}}), "") << "as the user wants it";
}

}  // namespace
}  // namespace shoal
