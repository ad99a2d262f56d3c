#include "service/ring_places.h"

#include <gtest/gtest.h>

#include <vector>

namespace shoal {
namespace {

const Epoch epoch{3, "proposer"};

Plan make_plan() {
  return {.instance = "m", .epoch = epoch, .stages = {{"head", 0, 2}, {"tail", 2, 4}}, .context_length = 10};
}

RingMessage make_step(const Epoch& of) {
  return StepMessage{
      .instance = "m",
      .epoch = of,
      .number = 5,
      .batch = {.sequences = {{.slot = 0, .keep_length = 0, .row_count = 1}}, .released_slots = {}},
      .result_rows = {},
      .hidden = {1, 2},
      .timings = {}};
}

TEST(RingPlaces, AMessageGoesStraightToTheStageThatHasEnteredUntilItLeaves) {
  RingPlaces rings("tail");
  std::vector<uint64_t> taken;
  RingMessage step = make_step(epoch);
  EXPECT_FALSE(rings.deliver("head", step));
  rings.enter(make_plan(),
              [&](RingMessage message) { taken.push_back(std::get<StepMessage>(message).number); });
  EXPECT_TRUE(rings.deliver("head", step));
  EXPECT_EQ(taken, std::vector<uint64_t>{5});
  rings.leave("m", epoch);
  step = make_step(epoch);
  EXPECT_FALSE(rings.deliver("head", step));
  EXPECT_EQ(taken.size(), 1u);
}

TEST(RingPlaces, WhatIsNotForTheRingOrNotFromItStaysWithTheCaller) {
  RingPlaces rings("tail");
  rings.enter(make_plan(), [](RingMessage) { FAIL(); });
  RingMessage step = make_step(epoch), of_another_plan = make_step({4, "proposer"});
  EXPECT_FALSE(rings.deliver("stranger", step));
  EXPECT_FALSE(rings.deliver("head", of_another_plan));
  EXPECT_EQ(std::get<StepMessage>(step).hidden, (std::vector<float>{1, 2}));
  rings.leave("m", {2, "proposer"});
  EXPECT_FALSE(rings.deliver("stranger", step)) << "another plan's end is not this one's";
}

}  // namespace
}  // namespace shoal
