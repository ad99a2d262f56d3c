#include "service/cluster_knowledge.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

ShardReport shard(const InstanceId& instance, Epoch epoch, bool is_head, int64_t idle_ms = 1) {
  return {.instance = instance,
          .epoch = std::move(epoch),
          .first_layer = 0,
          .end_layer = 1,
          .is_head = is_head,
          .is_loaded = true,
          .bytes_loaded = 10,
          .bytes_total = 20,
          .held_bytes = 30,
          .last_used_ms_ago = idle_ms};
}

NodeReport node(const NodeId& id, std::vector<ShardReport> shards, std::vector<std::string> models = {}) {
  NodeReport report{};
  report.node = id;
  for (std::string& model : models) report.models.push_back({.name = std::move(model)});
  report.shards = std::move(shards);
  report.device.machine = "machine of " + id;
  report.device.free_bytes = 100;
  report.device.machine_free_bytes = 100;
  return report;
}

TEST(ClusterKnowledge, OfTwoInstancesTheOneOfTheHigherEpochIsFound) {
  const std::vector<NodeReport> reports = {node("a", {shard("m", {1, "a"}, true)}),
                                           node("b", {shard("m", {2, "b"}, true)}),
                                           node("c", {shard("m", {3, "c"}, false)})};
  const auto location = find_instance(reports, "m");
  ASSERT_TRUE(location.has_value());
  EXPECT_EQ(location->head, "b");
  EXPECT_EQ(location->epoch, (Epoch{2, "b"}));
  EXPECT_FALSE(find_instance(reports, "other").has_value());
}

TEST(ClusterKnowledge, BytesOfOneEpochAreAddedOverTheNodes) {
  const std::vector<NodeReport> reports = {
      node("a", {shard("m", {1, "a"}, true)}),
      node("b", {shard("m", {1, "a"}, false), shard("other", {1, "a"}, true)}),
      node("c", {shard("m", {2, "a"}, false)})};
  EXPECT_EQ(loaded_bytes(reports, "m", {1, "a"}), (LoadedBytes{.done = 20, .total = 40}));
}

TEST(ClusterKnowledge, AModelIsKnownFromDiskAndFromMemory) {
  const std::vector<NodeReport> reports = {node("a", {shard("loaded", {1, "a"}, true)}, {"x", "y"}),
                                           node("b", {}, {"y"})};
  EXPECT_EQ(known_models(reports), (std::vector<std::string>{"loaded", "x", "y"}));
  EXPECT_EQ(nodes_with_files(reports, "y").size(), 2u);
  EXPECT_EQ(nodes_with_files(reports, "x").size(), 1u);
}

NodeReport holder(const NodeId& id, uint64_t weights, int64_t free_bytes = 100) {
  NodeReport report = node(id, {}, {"m"});
  report.models[0].fingerprint = {
      .weight_bytes = 5, .settings = 1, .text = 1, .weights = weights, .whole = 0};
  report.device.free_bytes = free_bytes;
  return report;
}

TEST(ClusterKnowledge, TheContentWithTheMostRoomIsAskedForFirst) {
  const std::vector<NodeReport> reports = {holder("d", 1, 150), holder("c", 2), holder("b", 2)};
  EXPECT_EQ(by_content(reports, "m"), (std::vector<NodeId>{"b", "c", "d"}));
}

TEST(ClusterKnowledge, OtherFilesAreToldAgainstThoseThatCount) {
  std::vector<NodeReport> reports = {holder("a", 1), holder("b", 2), holder("c", 2)};
  EXPECT_EQ(describe_differences(reports, "c").size(), 1u);
  const auto from_a = describe_differences(reports, "a");
  ASSERT_EQ(from_a.size(), 2u);
  EXPECT_NE(from_a[0].find("node b has other files of m than node a"), std::string::npos) << from_a[0];
  reports[1].shards = {shard("m", {1, "b"}, true)};
  EXPECT_EQ(describe_differences(reports, "a").size(), 1u) << "the head's count";
  reports[0].models[0].problem = "is cut off";
  EXPECT_TRUE(describe_differences(reports, "a").empty());
}

TEST(ClusterKnowledge, FilesThatCannotBeUsedAreNoModel) {
  std::vector<NodeReport> reports = {holder("a", 1)};
  EXPECT_EQ(describe_problem(reports, "m"), "");
  reports[0].models[0].problem = "is cut off";
  EXPECT_TRUE(nodes_with_files(reports, "m").empty());
  EXPECT_TRUE(known_models(reports).empty());
  EXPECT_EQ(describe_problem(reports, "m"), "node a: is cut off");
  reports.push_back(holder("b", 1));
  EXPECT_EQ(describe_problem(reports, "m"), "");
  EXPECT_EQ(nodes_with_files(reports, "m").size(), 1u);
}

TEST(ClusterKnowledge, TheLeastRecentlyUsedInstanceComesFirstAndBusyOnesLast) {
  const std::vector<NodeReport> reports = {
      node("a", {shard("busy", {1, "a"}, true, 0), shard("new", {1, "a"}, true, 5)}),
      node("b", {shard("old", {1, "b"}, true, 900), shard("new", {1, "a"}, false, 0)})};
  std::vector<InstanceId> order;
  for (const InstanceUse& use : instances_by_use(reports)) order.push_back(use.instance);
  EXPECT_EQ(order, (std::vector<InstanceId>{"old", "new", "busy"}));
}

TEST(ClusterKnowledge, UnloadingGivesMemoryBackToTheNodeAndItsWholeMachine) {
  std::vector<NodeReport> reports = {node("a", {shard("m", {1, "a"}, true), shard("n", {1, "a"}, true)}),
                                     node("b", {shard("m", {1, "a"}, false)}), node("c", {})};
  reports[1].device.machine = reports[0].device.machine;
  const auto after = without_instances(reports, {"m"});
  EXPECT_EQ(after[0].device.free_bytes, 130);
  EXPECT_EQ(after[1].device.free_bytes, 130);
  EXPECT_EQ(after[2].device.free_bytes, 100);
  EXPECT_EQ(after[0].device.machine_free_bytes, 160);
  EXPECT_EQ(after[1].device.machine_free_bytes, 160);
  EXPECT_EQ(after[2].device.machine_free_bytes, 100);
  EXPECT_EQ(after[0].shards.size(), 1u);
}

TEST(ClusterKnowledge, UnloadingGivesMemoryBackToTheGroupsThatTheNodeIsIn) {
  std::vector<NodeReport> reports = {node("a", {shard("m", {1, "a"}, true)}), node("b", {}), node("c", {})};
  for (NodeReport& report : reports) report.device.machine = "one";
  reports[0].device.memory_groups = {{"pod", 100}, {"box", 50}};
  reports[1].device.memory_groups = {{"pod", 100}, {"other box", 50}};
  const auto after = without_instances(reports, {"m"});
  using Groups = std::vector<MemoryGroup>;
  EXPECT_EQ(after[0].device.memory_groups, (Groups{{"pod", 130}, {"box", 80}}));
  EXPECT_EQ(after[1].device.memory_groups, (Groups{{"pod", 130}, {"other box", 50}}));
}

}  // namespace
}  // namespace shoal
