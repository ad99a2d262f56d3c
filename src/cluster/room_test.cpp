#include "cluster/room.h"

#include <gtest/gtest.h>

#include <random>

namespace shoal {
namespace {

NodeReport on_machine(NodeId id, int64_t free_bytes, int64_t machine_free_bytes,
                      std::vector<MemoryGroup> groups = {}) {
  NodeReport node{};
  node.node = std::move(id);
  node.device.machine = "x";
  node.device.free_bytes = free_bytes;
  node.device.machine_free_bytes = machine_free_bytes;
  node.device.memory_groups = std::move(groups);
  return node;
}

std::vector<int64_t> rooms_of(const std::vector<NodeReport>& nodes) {
  std::vector<const NodeReport*> pointers;
  for (const NodeReport& node : nodes) pointers.push_back(&node);
  std::vector<int64_t> rooms;
  for (const NodeRoom& room : share_room(pointers)) rooms.push_back(room.bytes);
  return rooms;
}

using Rooms = std::vector<int64_t>;

TEST(ShareRoom, TheNodesOfOneMachineGetEqualPartsAndWhatOneMayNotTakeGoesToTheOthers) {
  EXPECT_EQ(rooms_of({on_machine("a", 900, 900), on_machine("b", 900, 900), on_machine("c", 900, 900)}),
            (Rooms{300, 300, 300}));
  EXPECT_EQ(rooms_of({on_machine("a", 900, 900), on_machine("b", 100, 900), on_machine("c", 350, 900)}),
            (Rooms{450, 100, 350}));
}

TEST(ShareRoom, ALimitedNodeDoesNotLimitItsNeighbours) {
  EXPECT_EQ(rooms_of({on_machine("a", 350, 20000, {{"g", 350}}), on_machine("b", 20000, 20000)}),
            (Rooms{350, 19650}));
}

TEST(ShareRoom, TheNodesOfOneContainerShareItsLimit) {
  EXPECT_EQ(rooms_of({on_machine("a", 400, 20000, {{"g", 400}}), on_machine("b", 400, 20000, {{"g", 400}}),
                      on_machine("c", 20000, 20000)}),
            (Rooms{200, 200, 19600}));
  // Groups within a group: a and b have 300 together, all three 900.
  EXPECT_EQ(rooms_of({on_machine("a", 300, 5000, {{"in", 300}, {"out", 900}}),
                      on_machine("b", 300, 5000, {{"in", 300}, {"out", 900}}),
                      on_machine("c", 900, 5000, {{"out", 900}})}),
            (Rooms{150, 150, 600}));
}

TEST(ShareRoom, GroupsOfTwoMachinesThatSayTheSameAreNotShared) {
  std::vector<NodeReport> nodes = {on_machine("a", 400, 5000, {{"g", 400}}),
                                   on_machine("b", 400, 5000, {{"g", 400}})};
  nodes[1].device.machine = std::string(1, 'y');
  EXPECT_EQ(rooms_of(nodes), (Rooms{400, 400}));
}

TEST(ShareRoom, NoPoolIsPromisedTwiceAndNothingIsNegativeWhateverTheReports) {
  std::mt19937 random(3);
  auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int round = 0; round < 2000; ++round) {
    const int64_t machine = draw(1, 1000), outer = draw(0, 1000), inner = draw(0, 1000);
    std::vector<NodeReport> nodes;
    for (int64_t i = draw(1, 6); i > 0; --i) {
      std::vector<MemoryGroup> groups;
      if (draw(0, 1) == 1) groups.push_back({"out", outer});
      if (draw(0, 1) == 1) groups.push_back({"in", inner});
      nodes.push_back(on_machine(std::to_string(i), draw(-5, 1000), machine, groups));
    }
    const Rooms rooms = rooms_of(nodes);
    int64_t of_machine = 0, of_outer = 0, of_inner = 0;
    for (size_t i = 0; i < nodes.size(); ++i) {
      ASSERT_GE(rooms[i], 0);
      ASSERT_LE(rooms[i], std::max<int64_t>(nodes[i].device.free_bytes, 0));
      of_machine += rooms[i];
      if (find_group(nodes[i].device, "out") != nullptr) of_outer += rooms[i];
      if (find_group(nodes[i].device, "in") != nullptr) of_inner += rooms[i];
    }
    ASSERT_LE(of_machine, machine);
    ASSERT_LE(of_outer, outer);
    ASSERT_LE(of_inner, inner);
  }
}

}  // namespace
}  // namespace shoal
