#include "cluster/known_epochs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

namespace shoal {
namespace {

constexpr uint64_t largest = std::numeric_limits<uint64_t>::max();

TEST(KnownEpochs, AnEpochMoreThanAStepAboveWhatIsKnownIsNotBelieved) {
  KnownEpochs epochs;
  EXPECT_TRUE(epochs.is_believable("m", {0, "p"}));
  EXPECT_TRUE(epochs.is_believable("m", {epoch_step_limit, "p"}));
  EXPECT_FALSE(epochs.is_believable("m", {epoch_step_limit + 1, "p"}));
  for (const uint64_t counter : {uint64_t{1} << 32, uint64_t{1} << 53, epoch_counter_limit, largest}) {
    EXPECT_FALSE(epochs.is_believable("m", {counter, "p"})) << counter;
  }
  EXPECT_TRUE(epochs.learn("m", {7, "p"}));
  EXPECT_TRUE(epochs.is_believable("m", {7 + epoch_step_limit, "p"}));
  EXPECT_FALSE(epochs.is_believable("other", {7 + epoch_step_limit, "p"}));
}

TEST(KnownEpochs, OneThatCameLateLearnsStepByStepWhatTheOthersKnow) {
  KnownEpochs epochs;
  int messages = 1;
  while (!epochs.learn("m", {4321, "p"})) ++messages;
  EXPECT_EQ(messages, 5);
  EXPECT_EQ(epochs.counter("m"), 4321u);
  EXPECT_TRUE(epochs.learn("m", {5, "p"})) << "an earlier one";
  EXPECT_EQ(epochs.counter("m"), 4321u);
}

TEST(KnownEpochs, NoMessageRaisesThemByMoreThanAStep) {
  KnownEpochs epochs;
  for (uint64_t i = 1; i <= 100; ++i) {
    EXPECT_FALSE(epochs.learn("m", {largest, "p"}));
    EXPECT_EQ(epochs.counter("m"), i * epoch_step_limit);
  }
}

TEST(KnownEpochs, TheNextOneIsOneAboveAndNeverWraps) {
  EXPECT_EQ(next_epoch(0, "p"), (Epoch{1, "p"}));
  EXPECT_EQ(next_epoch(41, "p"), (Epoch{42, "p"}));
  EXPECT_EQ(next_epoch(largest, "p"), (Epoch{epoch_counter_limit, "p"}));
}

TEST(KnownEpochs, NamesOfModelsDoNotFillTheMemory) {
  KnownEpochs epochs;
  for (int i = 0; i < 50'000; ++i) epochs.learn(fmt::format("model-{}", i), {3, "p"});
  int known = 0;
  for (int i = 0; i < 50'000; ++i) known += epochs.counter(fmt::format("model-{}", i)) > 0 ? 1 : 0;
  EXPECT_EQ(known, 10'000);
}

}  // namespace
}  // namespace shoal
