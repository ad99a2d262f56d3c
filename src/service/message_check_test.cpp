#include "service/message_check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace shoal {
namespace {

const Epoch held_epoch{3, "proposer"};

// Of a model over head, middle and tail, proposed by a node that is none of them.
PlanPromises promises_of(const NodeId& own) {
  const ModelDemand demand{.model = "m",
                           .layer_bytes = {1, 1, 1, 1, 1, 1},
                           .head_bytes = 1,
                           .kv_bytes_per_token_layer = 1,
                           .context_length = 10,
                           .scratch_bytes = 1};
  const Plan plan{.instance = "m",
                  .epoch = held_epoch,
                  .stages = {{"head", 0, 2}, {"middle", 2, 4}, {"tail", 4, 6}},
                  .context_length = 10};
  PlanPromises promises(own);
  EXPECT_TRUE(promises.prepare(plan, demand, "proposer", 1000, TimePoint{}));
  return promises;
}

template <class Message>
Hearing hearing(const NodeId& own, const NodeId& from, Message message) {
  if constexpr (std::is_constructible_v<RingMessage, Message>) {
    return judge_message(promises_of(own), own, from, RingMessage(std::move(message))).hearing;
  } else {
    return judge_message(promises_of(own), own, from, PeerMessage(std::move(message))).hearing;
  }
}

// From whom the message is heard by a node of the plan.
template <class Message>
std::string heard_from(const NodeId& own, const Message& message) {
  std::string heard;
  for (const char* from : {"head", "middle", "tail", "proposer", "stranger"}) {
    const Hearing result = hearing(own, from, message);
    EXPECT_NE(result, Hearing::stale);
    if (from != own && result == Hearing::heard) heard += fmt::format("{}{}", heard.empty() ? "" : " ", from);
  }
  return heard;
}

EngineInfo info_of(int64_t first_layer, int64_t end_layer, bool is_head = false) {
  EngineInfo info{};
  info.first_layer = first_layer;
  info.end_layer = end_layer;
  info.is_head = is_head;
  return info;
}

ShardLoaded loaded(const EngineInfo& info) { return {.instance = "m", .epoch = held_epoch, .outcome = info}; }

StepFailure failure_of(const NodeId& node) {
  return {.instance = "m", .epoch = held_epoch, .number = 1, .node = node, .error = {}};
}

const Error no_memory{ErrorCode::resource_exhausted, "no memory"};
const ReleasePlan release{.instance = "m", .epoch = held_epoch, .reason = no_memory};
const CommitPlan commit{.instance = "m", .epoch = held_epoch};
const ShardLoaded not_loaded{.instance = "m", .epoch = held_epoch, .outcome = fail(no_memory)};

TEST(MessageCheck, OnlyWhoHasAPartInAPlanEndsIt) {
  EXPECT_EQ(heard_from("middle", release), "head tail proposer");
  EXPECT_EQ(heard_from("head", release), "middle tail proposer");
}

TEST(MessageCheck, OnlyTheProposerCommitsAndAPlanIsProposedInItsOwnName) {
  EXPECT_EQ(heard_from("middle", commit), "proposer");
  PreparePlan prepare{};
  prepare.plan.epoch = {4, "tail"};
  EXPECT_EQ(heard_from("middle", prepare), "tail");
}

TEST(MessageCheck, OnlyAStageOfThePlanSaysToItsHeadThatItHasLoaded) {
  EXPECT_EQ(heard_from("head", not_loaded), "middle tail");
  EXPECT_EQ(heard_from("middle", not_loaded), "") << "it is not the head";
  EXPECT_EQ(heard_from("head", loaded(info_of(2, 4))), "middle") << "those are its layers";
  EXPECT_EQ(heard_from("head", loaded(info_of(4, 6))), "tail");
  EXPECT_EQ(heard_from("head", loaded(info_of(2, 6))), "");
  EXPECT_EQ(heard_from("head", loaded(info_of(2, 4, /*is_head=*/true))), "");
}

TEST(MessageCheck, StepsComeFromTheStageBefore) {
  StepMessage step{};
  step.instance = InstanceId("m");
  step.epoch = held_epoch;
  EXPECT_EQ(heard_from("middle", step), "head");
  EXPECT_EQ(heard_from("tail", step), "middle");
  EXPECT_EQ(heard_from("head", step), "");
  step.timings.resize(4);
  EXPECT_EQ(heard_from("middle", step), "") << "more timings than stages";
}

TEST(MessageCheck, ResultsComeFromTheTailAndFailuresFromWhomTheyConcern) {
  StepResult result{};
  result.instance = InstanceId("m");
  result.epoch = held_epoch;
  EXPECT_EQ(heard_from("head", result), "tail");
  EXPECT_EQ(heard_from("middle", result), "");
  EXPECT_EQ(heard_from("head", failure_of("middle")), "middle");
  EXPECT_EQ(heard_from("head", failure_of("stranger")), "");
  EXPECT_EQ(heard_from("tail", failure_of("middle")), "");
}

TEST(MessageCheck, WhatIsSaidOfAnotherEpochIsNoOffence) {
  ShardLoaded late = not_loaded;
  late.epoch = {2, "proposer"};
  EXPECT_EQ(hearing("head", "stranger", late), Hearing::stale);
  StepFailure failure = failure_of("x");
  failure.instance = InstanceId("another model");
  EXPECT_EQ(hearing("head", "middle", failure), Hearing::stale);
  EXPECT_EQ(hearing("head", "stranger", commit), Hearing::refused);
  const Judgement judgement = judge_message(promises_of("head"), "head", "stranger", PeerMessage(not_loaded));
  EXPECT_EQ(judgement.reason, "a loaded shard of a plan that it has no part in");
}

}  // namespace
}  // namespace shoal
