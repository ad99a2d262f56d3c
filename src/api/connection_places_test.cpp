#include "api/connection_places.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

using Doing = ConnectionPlaces::Doing;
using Entry = ConnectionPlaces::Entry;
constexpr ConnectionPlaces::Limits limits{.connections = 4, .connections_per_address = 3, .refused = 1};

TEST(ConnectionPlaces, OneAddressCannotTakeThemAll) {
  ConnectionPlaces places(limits);
  for (uint64_t id = 1; id <= 3; ++id) {
    EXPECT_EQ(places.enter(id, "a").entry, Entry::admitted);
    places.set_doing(id, Doing::answering);
  }
  EXPECT_EQ(places.enter(4, "a").entry, Entry::refused);
  EXPECT_EQ(places.enter(5, "b").entry, Entry::admitted);
  EXPECT_EQ(places.enter(6, "a").entry, Entry::dropped);
  places.leave(4);
  EXPECT_EQ(places.enter(7, "a").entry, Entry::refused);
  places.leave(1);
  EXPECT_EQ(places.enter(8, "a").entry, Entry::admitted);
}

TEST(ConnectionPlaces, TheOneThatHasWaitedLongestGoesFirst) {
  ConnectionPlaces places(limits);
  for (uint64_t id = 1; id <= 3; ++id) places.enter(id, "a");
  places.set_doing(1, Doing::answering);
  places.set_doing(2, Doing::answering);
  places.set_doing(2, Doing::waiting);
  const auto fourth = places.enter(4, "a");  // at the limit of its address
  EXPECT_EQ(fourth.entry, Entry::admitted);
  EXPECT_EQ(fourth.leaves, 3u);
  EXPECT_EQ(places.enter(5, "b").leaves, std::nullopt);
  const auto sixth = places.enter(6, "c");  // at the limit of all: a has most
  EXPECT_EQ(sixth.entry, Entry::admitted);
  EXPECT_EQ(sixth.leaves, 2u);
  EXPECT_EQ(places.enter(7, "c").leaves, 4u);
  EXPECT_EQ(places.enter(8, "d").leaves, 6u);
}

TEST(ConnectionPlaces, AnAnswerIsNeverCutForANewcomer) {
  ConnectionPlaces places({.connections = 2, .connections_per_address = 2, .refused = 1});
  for (uint64_t id = 1; id <= 2; ++id) {
    places.enter(id, "a");
    places.set_doing(id, Doing::answering);
  }
  EXPECT_EQ(places.enter(3, "b").entry, Entry::refused);
}

TEST(ConnectionPlaces, HalfRequestsGoOnlyWhereTheirAddressHasMoreThanItsPart) {
  ConnectionPlaces places({.connections = 4, .connections_per_address = 4, .refused = 1});
  for (uint64_t id = 1; id <= 4; ++id) {
    places.enter(id, id < 4 ? "a" : "b");
    places.set_doing(id, Doing::receiving);
  }
  EXPECT_EQ(places.enter(5, "a").entry, Entry::refused);
  places.leave(5);
  const auto admitted = places.enter(6, "b");
  EXPECT_EQ(admitted.entry, Entry::admitted);
  EXPECT_EQ(admitted.leaves, 1u);
  places.set_doing(6, Doing::receiving);
  EXPECT_EQ(places.enter(7, "c").leaves, 2u);
}

TEST(ConnectionPlaces, ADeviceIsOneAddressHoweverManyItHas) {
  EXPECT_EQ(ConnectionPlaces::group_of("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(ConnectionPlaces::group_of("fd00::1:2:3:4:5"), "fd00:0:0:1::");
  EXPECT_EQ(ConnectionPlaces::group_of("fd00:0:0:1::9"), "fd00:0:0:1::");
  EXPECT_NE(ConnectionPlaces::group_of("fe80::1"), ConnectionPlaces::group_of("fe80::2"));
  EXPECT_EQ(ConnectionPlaces::group_of("::1"), "::1");
}

}  // namespace
}  // namespace shoal
