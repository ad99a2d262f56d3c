#include "cluster/placement.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>

namespace shoal {
namespace {

using testing::HasSubstr;

constexpr int64_t GB = 1'000'000'000;

NodeReport make_node(NodeId id, int64_t free_bytes, std::string machine = "") {
  NodeReport node{};
  node.node = std::move(id);
  node.device.free_bytes = free_bytes;
  node.device.machine = std::move(machine);
  return node;
}

ModelDemand make_demand(std::vector<int64_t> layer_bytes, int64_t head_bytes = 0) {
  return {.model = "m",
          .layer_bytes = std::move(layer_bytes),
          .head_bytes = head_bytes,
          .kv_bytes_per_token_layer = 0,
          .context_length = 0,
          .scratch_bytes = 0};
}

std::vector<int64_t> layer_counts(const Plan& plan) {
  std::vector<int64_t> counts;
  for (const PlanStage& stage : plan.stages) counts.push_back(stage.end_layer - stage.first_layer);
  return counts;
}

int64_t stage_need(const ModelDemand& demand, const PlanStage& stage, bool is_head) {
  int64_t need = demand.scratch_bytes + (is_head ? demand.head_bytes : 0);
  for (int64_t i = stage.first_layer; i < stage.end_layer; ++i) {
    need +=
        demand.layer_bytes[static_cast<size_t>(i)] + demand.kv_bytes_per_token_layer * demand.context_length;
  }
  return need;
}

TEST(MemoryWeighted, LayersAreInProportionToFreeMemoryTheLargestNodeFirst) {
  const auto demand = make_demand(std::vector<int64_t>(30, GB));
  const auto plan = make_plan(MemoryWeighted{}, demand,
                              {make_node("a", 10 * GB), make_node("b", 40 * GB), make_node("c", 10 * GB)});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(layer_counts(*plan), (std::vector<int64_t>{20, 5, 5}));
  EXPECT_EQ(plan->head(), "b");
  EXPECT_EQ(plan->stages[1].node, "c") << "equal memory is ordered by descending node id";
  EXPECT_EQ(plan->find_stage("a")->first_layer, 25);
  EXPECT_EQ(plan->find_stage("x"), nullptr);
}

TEST(MemoryWeighted, KimiK2OverTwoMacsIsCutWhereItsUsersCutIt) {
  // 504 GB over 145 GB and 360 GB free leaves 1 GB; scenarios.md S3 gives about layers 44-60 and 0-43.
  std::vector<int64_t> layers(61);
  for (size_t i = 0; i < layers.size(); ++i) layers[i] = i % 5 == 0 ? 9'600'000'000 : 7'830'000'000;
  const auto demand = make_demand(layers, 2 * GB);
  const auto plan =
      make_plan(MemoryWeighted{}, demand, {make_node("m2", 147 * GB), make_node("m3", 366 * GB)});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->head(), "m3");
  EXPECT_NEAR(static_cast<double>(plan->stages[0].end_layer), 44, 1);
}

TEST(MemoryWeighted, LayersAreEvenAndWhatTheHeadOwnsHasToFitBesideThem) {
  auto demand = make_demand(std::vector<int64_t>(20, GB), 10 * GB);
  const std::vector nodes = {make_node("a", 20 * GB), make_node("b", 20 * GB)};
  EXPECT_EQ(layer_counts(*make_plan(MemoryWeighted{}, demand, nodes)), (std::vector<int64_t>{10, 10}));
  demand.kv_bytes_per_token_layer = 1'000'000;
  demand.context_length = 200;
  EXPECT_EQ(layer_counts(*make_plan(MemoryWeighted{}, demand, nodes)), (std::vector<int64_t>{8, 12}));
  demand.context_length = 100'000;
  const auto plan = make_plan(MemoryWeighted{}, demand, nodes);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::resource_exhausted);
}

TEST(MemoryWeighted, EveryNodeGetsALayerHoweverSmallItsPart) {
  const auto demand = make_demand(std::vector<int64_t>(4, GB / 10));
  const auto plan =
      make_plan(MemoryWeighted{}, demand,
                {make_node("a", 1000 * GB), make_node("b", GB), make_node("c", GB), make_node("d", GB)});
  ASSERT_TRUE(plan);
  EXPECT_EQ(layer_counts(*plan), (std::vector<int64_t>{1, 1, 1, 1}));
}

TEST(MemoryWeighted, ANodeThatCannotHoldOneLayerIsLeftOut) {
  const auto demand = make_demand(std::vector<int64_t>(4, GB));
  const auto plan = make_plan(MemoryWeighted{}, demand, {make_node("a", 10 * GB), make_node("b", GB - 1)});
  ASSERT_TRUE(plan);
  EXPECT_EQ(layer_counts(*plan), (std::vector<int64_t>{4}));
  EXPECT_EQ(plan->head(), "a");
}

TEST(MemoryWeighted, MoreNodesThanLayersLeaveTheSmallestOut) {
  const auto demand = make_demand({GB, GB});
  const auto plan = make_plan(MemoryWeighted{}, demand,
                              {make_node("a", 10 * GB), make_node("b", 30 * GB), make_node("c", 20 * GB)});
  ASSERT_TRUE(plan);
  EXPECT_EQ(layer_counts(*plan), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(plan->find_stage("a"), nullptr);
}

TEST(MemoryWeighted, NodesOfOneMachineShareItsFreeMemory) {
  const auto demand = make_demand(std::vector<int64_t>(20, GB));
  // "a" and "b" both see the same 20 GB; "c" is another machine with 10 GB.
  const auto plan =
      make_plan(MemoryWeighted{}, demand,
                {make_node("a", 20 * GB, "x"), make_node("b", 20 * GB, "x"), make_node("c", 10 * GB, "y")});
  ASSERT_TRUE(plan) << plan.error().message;
  for (const int64_t count : layer_counts(*plan)) EXPECT_NEAR(static_cast<double>(count), 20.0 / 3, 1);
  const auto too_large =
      make_plan(MemoryWeighted{}, make_demand(std::vector<int64_t>(31, GB)),
                {make_node("a", 20 * GB, "x"), make_node("b", 20 * GB, "x"), make_node("c", 10 * GB, "y")});
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, ErrorCode::resource_exhausted);
}

TEST(MemoryWeighted, WhatALimitedNodeMayNotTakeGoesToItsNeighbours) {
  auto limited = make_node("a", 2 * GB, "x");
  auto other = make_node("b", 10 * GB, "x");
  const auto plan = make_plan(MemoryWeighted{}, make_demand(std::vector<int64_t>(10, GB)), {limited, other});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(layer_counts(*plan), (std::vector<int64_t>{8, 2}));
  // Two limits of 2 GB on a machine with 16 GB do not stand in each other's way.
  other.device.free_bytes = 2 * GB;
  limited.device.machine_free_bytes = other.device.machine_free_bytes = 16 * GB;
  EXPECT_TRUE(make_plan(MemoryWeighted{}, make_demand(std::vector<int64_t>(4, GB)), {limited, other}));
}

TEST(MemoryWeighted, AMachineTooSmallForAllItsNodesIsUsedByFewer) {
  auto demand = make_demand({GB, GB});
  demand.scratch_bytes = GB;
  const auto plan =
      make_plan(MemoryWeighted{}, demand, {make_node("a", 3 * GB, "x"), make_node("b", 3 * GB, "x")});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(layer_counts(*plan), (std::vector<int64_t>{2}));
}

TEST(MemoryWeighted, WhatDoesNotFitIsToldPerNode) {
  const auto demand = make_demand(std::vector<int64_t>(10, GB), 2 * GB);
  const auto plan =
      make_plan(MemoryWeighted{}, demand, {make_node("small", GB / 2), make_node("large", 8 * GB)});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::resource_exhausted);
  EXPECT_THAT(plan.error().message, HasSubstr("model m does not fit: it needs 12.0 GB"));
  EXPECT_THAT(plan.error().message, HasSubstr("free are 8.5 GB"));
  EXPECT_THAT(plan.error().message, HasSubstr("large     11.0 GB      8.0 GB  0-8"));
  EXPECT_THAT(plan.error().message, HasSubstr("small      1.0 GB    500.0 MB  9-9"));
}

TEST(MakePlan, DescribedNeedsThatMakeNoSenseAreRefused) {
  const std::vector nodes = {make_node("a", GB)};
  const int64_t huge = std::numeric_limits<int64_t>::max() / 2;
  std::vector<ModelDemand> bad = {make_demand({}), make_demand({-1}), make_demand({1}, -1),
                                  make_demand({huge, huge, huge}), make_demand({huge}, huge + 2)};
  bad.push_back(make_demand({1}));
  bad.back().kv_bytes_per_token_layer = huge;
  bad.back().context_length = 3;
  bad.push_back(make_demand({1}));
  bad.back().context_length = -1;
  for (const ModelDemand& demand : bad) {
    const auto plan = make_plan(MemoryWeighted{}, demand, nodes);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, ErrorCode::invalid_argument) << plan.error().message;
  }
}

TEST(MakePlan, NoNodeOrTwoNodesWithOneIdAreErrors) {
  EXPECT_EQ(make_plan(MemoryWeighted{}, make_demand({1}), {}).error().code, ErrorCode::not_found);
  const auto twice = make_plan(MemoryWeighted{}, make_demand({1}), {make_node("a", GB), make_node("a", GB)});
  EXPECT_THAT(twice.error().message, HasSubstr("two nodes with id a"));
}

// Everything that can be said of any plan, with sizes, nodes and machines drawn at random.
TEST(MemoryWeighted, AnyPlanCoversTheLayersOnceInOrderAndFitsWhateverTheInput) {
  std::mt19937 random(7);
  auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  int fitted = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<int64_t> layers(static_cast<size_t>(draw(1, 40)));
    for (int64_t& bytes : layers) bytes = draw(50, 150);
    auto demand = make_demand(layers, draw(0, 300));
    demand.scratch_bytes = draw(0, 50);
    demand.kv_bytes_per_token_layer = draw(0, 3);
    demand.context_length = draw(0, 20);
    std::vector<NodeReport> nodes;
    for (int64_t i = draw(1, 6); i > 0; --i) {
      nodes.push_back(make_node(fmt::format("n{}", i), draw(0, 3000), draw(0, 2) == 0 ? "shared" : ""));
    }
    const auto plan = make_plan(MemoryWeighted{}, demand, nodes);
    std::ranges::shuffle(nodes, random);
    ASSERT_EQ(plan, make_plan(MemoryWeighted{}, demand, nodes)) << "the order of the reports must not matter";
    if (!plan) {
      ASSERT_EQ(plan.error().code, ErrorCode::resource_exhausted);
      continue;
    }
    ++fitted;
    int64_t next = 0, shared_need = 0, shared_room = 0;
    for (size_t i = 0; i < plan->stages.size(); ++i) {
      const PlanStage& stage = plan->stages[i];
      ASSERT_EQ(stage.first_layer, next);
      ASSERT_GT(stage.end_layer, stage.first_layer);
      next = stage.end_layer;
      const auto& node = *std::ranges::find(nodes, stage.node, &NodeReport::node);
      const int64_t need = stage_need(demand, stage, i == 0);
      ASSERT_LE(need, node.device.free_bytes);
      if (node.device.machine == "shared") shared_need += need;
    }
    ASSERT_EQ(next, static_cast<int64_t>(layers.size()));
    for (const NodeReport& node : nodes) {
      if (node.device.machine == "shared") shared_room = std::max(shared_room, node.device.free_bytes);
    }
    ASSERT_LE(shared_need, shared_room);
  }
  EXPECT_GT(fitted, 500);
  EXPECT_LT(fitted, 2900);
}

// All cuts of layers over nodes of their own machines, in the order of (room, id): is there one that fits and
// leaves fewer nodes empty than the plan?
TEST(MemoryWeighted, NoCutFitsWhenAPlanIsRefusedAndNoneUsesMoreNodes) {
  std::mt19937 random(11);
  auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<int64_t> layers(static_cast<size_t>(draw(1, 7)));
    for (int64_t& bytes : layers) bytes = draw(1, 20);
    auto demand = make_demand(layers, draw(0, 10));
    demand.scratch_bytes = draw(0, 3);
    std::vector<NodeReport> nodes;
    for (int64_t i = draw(1, 4); i > 0; --i) nodes.push_back(make_node(fmt::format("n{}", i), draw(0, 60)));
    const auto plan = make_plan(MemoryWeighted{}, demand, nodes);

    std::ranges::sort(nodes, std::ranges::greater(),
                      [](const NodeReport& node) { return std::pair(node.device.free_bytes, node.node); });
    const auto layer_count = static_cast<int64_t>(layers.size());
    int64_t most_used = 0;
    std::function<void(size_t, int64_t, int64_t)> try_from = [&](size_t node, int64_t first, int64_t used) {
      if (node == nodes.size()) {
        if (first == layer_count) most_used = std::max(most_used, used);
        return;
      }
      for (int64_t end = first; end <= layer_count; ++end) {
        if (node == 0 && end == first) continue;
        const bool empty = end == first;
        if (!empty && stage_need(demand, {"", first, end}, node == 0) > nodes[node].device.free_bytes)
          continue;
        try_from(node + 1, end, used + (empty ? 0 : 1));
      }
    };
    try_from(0, 0, 0);
    ASSERT_EQ(plan ? static_cast<int64_t>(plan->stages.size()) : 0, most_used);
    refused += plan ? 0 : 1;
  }
  EXPECT_GT(refused, 100);
}

TEST(ManualPartition, StagesAreThoseOfTheFlag) {
  const auto policy = parse_partitioning("manual:a:0-9,b:10-28,host:1:29");
  ASSERT_TRUE(policy) << policy.error().message;
  const auto demand = make_demand(std::vector<int64_t>(30, GB));
  const auto plan = make_plan(*policy, demand,
                              {make_node("b", 99 * GB), make_node("a", 99 * GB), make_node("host:1", 99 * GB),
                               make_node("idle", 99 * GB)});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->stages, (std::vector<PlanStage>{{"a", 0, 10}, {"b", 10, 29}, {"host:1", 29, 30}}));
}

TEST(ManualPartition, NodesMayBeNamedInAnyOrder) {
  const auto policy = parse_partitioning("manual:b:10-29,a:0-9");
  ASSERT_TRUE(policy) << policy.error().message;
  const auto plan = make_plan(*policy, make_demand(std::vector<int64_t>(30, GB)),
                              {make_node("b", 99 * GB), make_node("a", 99 * GB)});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->stages, (std::vector<PlanStage>{{"a", 0, 10}, {"b", 10, 30}}));
}

TEST(ManualPartition, ErrorsNameTheValue) {
  const auto demand = make_demand(std::vector<int64_t>(30, GB));
  const std::vector nodes = {make_node("a", 99 * GB), make_node("b", 99 * GB)};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"manual:a:0-9,c:10-29", "no node \"c\" has model m; nodes that have it: a, b"},
      {"manual:a:0-9,b:11-29", "layer 10 is held by no node before b:11-29"},
      {"manual:a:0-9,b:9-29", "layer 9 of b:9-29 is already held"},
      {"manual:a:0-9,b:10-28", "the nodes hold layers 0-28, the model has 0-29"},
      {"manual:a:0-9,b:10-30", "the nodes hold layers 0-30, the model has 0-29"},
      {"manual:b:1-29", "layer 0 is held by no node before b:1-29"},
  };
  for (const auto& [flag, message] : cases) {
    const auto plan = make_plan(*parse_partitioning(flag), demand, nodes);
    ASSERT_FALSE(plan) << flag;
    EXPECT_EQ(plan.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(plan.error().message, HasSubstr(message));
  }
}

TEST(ManualPartition, WhatDoesNotFitIsRefused) {
  const auto demand = make_demand(std::vector<int64_t>(30, GB));
  const auto plan = make_plan(*parse_partitioning("manual:a:0-9,b:10-29"), demand,
                              {make_node("a", 99 * GB), make_node("b", 19 * GB)});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::resource_exhausted);
  EXPECT_THAT(plan.error().message, HasSubstr("b        20.0 GB     19.0 GB  10-29"));
}

TEST(ParsePartitioning, BadFlagsAreNamed) {
  EXPECT_TRUE(std::holds_alternative<MemoryWeighted>(*parse_partitioning("ring_memory_weighted")));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "unknown policy \"\""},
      {"fast", "unknown policy \"fast\""},
      {"manual:", "\"\" is not NODE:FIRST-LAST"},
      {"manual:a", "\"a\" is not NODE:FIRST-LAST"},
      {"manual::0-9", "\":0-9\" is not NODE:FIRST-LAST"},
      {"manual:a:9-0", "\"9-0\" in \"a:9-0\""},
      {"manual:a:x-9", "\"x-9\""},
      {"manual:a:0-9x", "\"0-9x\""},
      {"manual:a:-1-9", "\"-1-9\""},
      {"manual:a:0-99999999999999999999", "is not a range"},
      {"manual:a:0-9,", "\"\" is not NODE"},
      {"manual:a:0-4,a:5-9", "node \"a\" is named twice"},
  };
  for (const auto& [flag, message] : cases) {
    const auto policy = parse_partitioning(flag);
    ASSERT_FALSE(policy) << flag;
    EXPECT_EQ(policy.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(policy.error().message, HasSubstr(message));
  }
}

}  // namespace
}  // namespace shoal
