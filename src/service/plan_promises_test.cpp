#include "service/plan_promises.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace shoal {
namespace {

constexpr int64_t plenty = 1'000'000;
constexpr TimePoint start{};

ModelDemand demand_of(int64_t layers) {
  return {.model = "m",
          .layer_bytes = std::vector<int64_t>(static_cast<size_t>(layers), 100),
          .head_bytes = 1000,
          .kv_bytes_per_token_layer = 1,
          .context_length = 10,
          .scratch_bytes = 5};
}

Plan plan_of(Epoch epoch, std::vector<PlanStage> stages = {{"own", 0, 2}, {"b", 2, 4}}) {
  return {.instance = "m", .epoch = std::move(epoch), .stages = std::move(stages), .context_length = 10};
}

ErrorCode refusal(const Result<PlanPromises::Prepared>& prepared) {
  EXPECT_FALSE(prepared.has_value());
  return prepared.has_value() ? ErrorCode::internal : prepared.error().code;
}

TEST(PlanPromises, APreparedPlanReservesWhatItsStageTakes) {
  PlanPromises head("own");
  ASSERT_TRUE(head.prepare(plan_of({1, "p"}), demand_of(4), "p", plenty, start));
  // Scratch, two layers with ten tokens of KV each, and the head's own matrices.
  EXPECT_EQ(head.reserved_bytes(), 5 + 2 * (100 + 10) + 1000);
  PlanPromises tail("b");
  ASSERT_TRUE(tail.prepare(plan_of({1, "p"}), demand_of(4), "p", plenty, start));
  EXPECT_EQ(tail.reserved_bytes(), 5 + 2 * (100 + 10));
}

TEST(PlanPromises, TheHigherEpochWinsWhileNothingIsCommitted) {
  PlanPromises promises("own");
  ASSERT_TRUE(promises.prepare(plan_of({1, "p"}), demand_of(4), "p", plenty, start));
  auto higher = promises.prepare(plan_of({1, "q"}), demand_of(4), "q", plenty, start);
  ASSERT_TRUE(higher);
  ASSERT_TRUE(higher->overtaken.has_value());
  EXPECT_EQ(higher->overtaken->proposer, "p");
  EXPECT_EQ(promises.commit("m", {1, "p"}), nullptr);
  EXPECT_NE(promises.commit("m", {1, "q"}), nullptr);
}

TEST(PlanPromises, ALowerOrEqualEpochIsRefusedEvenAfterARelease) {
  PlanPromises promises("own");
  ASSERT_TRUE(promises.prepare(plan_of({2, "p"}), demand_of(4), "p", plenty, start));
  EXPECT_EQ(refusal(promises.prepare(plan_of({1, "z"}), demand_of(4), "z", plenty, start)),
            ErrorCode::unavailable);
  EXPECT_TRUE(promises.release("m", {2, "p"}));
  EXPECT_EQ(refusal(promises.prepare(plan_of({2, "p"}), demand_of(4), "p", plenty, start)),
            ErrorCode::unavailable);
  EXPECT_EQ(promises.highest("m"), (Epoch{2, "p"}));
  EXPECT_TRUE(promises.prepare(plan_of({3, "a"}), demand_of(4), "a", plenty, start));
}

TEST(PlanPromises, ACommittedPlanIsNotOvertaken) {
  PlanPromises promises("own");
  ASSERT_TRUE(promises.prepare(plan_of({1, "p"}), demand_of(4), "p", plenty, start));
  ASSERT_NE(promises.commit("m", {1, "p"}), nullptr);
  EXPECT_EQ(promises.commit("m", {1, "p"}), nullptr);
  EXPECT_EQ(refusal(promises.prepare(plan_of({9, "q"}), demand_of(4), "q", plenty, start)),
            ErrorCode::unavailable);
}

TEST(PlanPromises, AReleaseOfAnotherEpochTakesNothing) {
  PlanPromises promises("own");
  ASSERT_TRUE(promises.prepare(plan_of({2, "p"}), demand_of(4), "p", plenty, start));
  EXPECT_FALSE(promises.release("m", {1, "p"}));
  EXPECT_FALSE(promises.release("other", {9, "p"}));
  EXPECT_FALSE(promises.release("m", {2, "q"}));
  EXPECT_TRUE(promises.release("m", {2, "p"}));
  EXPECT_EQ(promises.reserved_bytes(), 0);
}

TEST(PlanPromises, TooLittleMemoryIsRefusedWithBothNumbers) {
  PlanPromises promises("own");
  const auto refused = promises.prepare(plan_of({1, "p"}), demand_of(4), "p", 1224, start);
  EXPECT_EQ(refusal(refused), ErrorCode::resource_exhausted);
  EXPECT_NE(refused.error().message.find("1224"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("1225"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(promises.prepare(plan_of({1, "p"}), demand_of(4), "p", 1225, start));
  // What is prepared already may be used again by the plan that overtakes it.
  EXPECT_TRUE(promises.prepare(plan_of({2, "p"}), demand_of(4), "p", 0, start));
}

TEST(PlanPromises, AnEpochFarAboveWhatIsKnownLocksNothing) {
  PlanPromises promises("own");
  for (const uint64_t counter : {~uint64_t{0}, epoch_counter_limit, uint64_t{1} << 53, uint64_t{1'000'000}}) {
    EXPECT_EQ(refusal(promises.prepare(plan_of({counter, "p"}), demand_of(4), "p", plenty, start)),
              ErrorCode::unavailable);
  }
  // One step for each that was said, so that one who came late may catch up.
  EXPECT_EQ(promises.known_counter("m"), 4 * epoch_step_limit);
  EXPECT_EQ(promises.highest("m"), Epoch{});
  const Epoch next = next_epoch(promises.known_counter("m"), "q");
  EXPECT_TRUE(promises.prepare(plan_of(next), demand_of(4), "q", plenty, start));
}

TEST(PlanPromises, OneProposerCannotUseUpThePlacesOfAll) {
  PlanPromises promises("own");
  auto prepare = [&](int number, const NodeId& proposer) {
    Plan plan = plan_of({1, proposer});
    ModelDemand demand = demand_of(4);
    plan.instance = demand.model = fmt::format("m{}", number);
    demand.layer_bytes = {0, 0, 0, 0};
    return promises.prepare(plan, demand, proposer, plenty, start).has_value();
  };
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += prepare(i, "greedy") ? 1 : 0;
  EXPECT_EQ(taken, 8);
  EXPECT_TRUE(prepare(100, "honest"));
  for (int i = 0; i < 1000; ++i) {
    if (prepare(1000 + i, fmt::format("node-{}", i))) ++taken;
    promises.commit(fmt::format("m{}", 1000 + i), {1, fmt::format("node-{}", i)});
  }
  EXPECT_EQ(taken, 8 + 64 - 9);
}

TEST(PlanPromises, APlanThatIsNoPlanIsRefused) {
  const std::vector<std::vector<PlanStage>> bad = {
      {},
      {{"own", 0, 2}, {"own", 2, 4}},
      {{"own", 0, 2}, {"b", 3, 4}},
      {{"own", 0, 3}, {"b", 2, 4}},
      {{"own", 0, 2}, {"b", 2, 5}},
      {{"own", 0, 2}, {"b", 2, 3}},
      {{"own", 0, -1}, {"b", -1, 4}},
      {{"a", 0, 2}, {"b", 2, 4}},
  };
  for (const std::vector<PlanStage>& stages : bad) {
    PlanPromises promises("own");
    EXPECT_EQ(refusal(promises.prepare(plan_of({1, "p"}, stages), demand_of(4), "p", plenty, start)),
              ErrorCode::invalid_argument);
  }
  PlanPromises promises("own");
  ModelDemand endless = demand_of(4);
  endless.kv_bytes_per_token_layer = INT64_MAX / 2;
  EXPECT_EQ(refusal(promises.prepare(plan_of({1, "p"}), endless, "p", plenty, start)),
            ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace shoal
