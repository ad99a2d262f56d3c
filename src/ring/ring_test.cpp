#include "ring/ring.h"

#include <gtest/gtest.h>

#include <future>

#include "base/simulated_world_for_test.h"
#include "ring/hash_engine_for_test.h"
#include "ring/local_ring.h"
#include "ring/recording_link_for_test.h"
#include "ring/ring_limits.h"

namespace shoal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RecordingSink final : public StepSink {
 public:
  void on_step_done(StepOutput output) override { outputs.push_back(std::move(output)); }
  void on_ring_lost(Error error) override { losses.push_back(std::move(error)); }
  std::vector<StepOutput> outputs;
  std::vector<Error> losses;
};

std::shared_ptr<HashEngine> make_engine(int64_t first_layer, int64_t end_layer) {
  return std::make_shared<HashEngine>(HashEngine::default_info(first_layer, end_layer));
}

Step make_step(int32_t slot, int64_t keep_length, std::vector<TokenId> tokens) {
  const int64_t rows = static_cast<int64_t>(tokens.size());
  return {.batch = {.sequences = {{.slot = slot, .keep_length = keep_length, .row_count = rows}},
                    .released_slots = {}},
          .tokens = std::move(tokens),
          .logit_rows = {static_cast<int32_t>(rows - 1)}};
}

// What the engine itself says, without a ring.
std::vector<float> logits_without_ring(const std::vector<TokenId>& tokens) {
  HashEngine engine(HashEngine::default_info(0, 4));
  std::vector<float> hidden(tokens.size() * HashEngine::hash_parts);
  EXPECT_TRUE(engine.embed(tokens, hidden));
  const int64_t rows = static_cast<int64_t>(tokens.size());
  EXPECT_TRUE(engine.step(
      {.sequences = {{.slot = 0, .keep_length = 0, .row_count = rows}}, .released_slots = {}}, hidden));
  std::vector<float> logits(64);
  EXPECT_TRUE(engine.compute_logits(std::span(hidden).last(HashEngine::hash_parts), logits));
  return logits;
}

// A head whose shard is all four layers, or the first two with a link that a test answers for.
struct HeadInAWorld {
  explicit HeadInAWorld(bool is_alone) {
    engine = make_engine(0, is_alone ? 4 : 2);
    if (!is_alone) link = std::make_shared<RecordingLink>();
    std::vector<EngineInfo> infos{engine->info()};
    if (!is_alone) infos.push_back(HashEngine::default_info(2, 4));
    const Epoch epoch{.counter = 3, .proposer = "head"};
    const Result<RingLimits> limits = combine_limits(infos);
    ring = std::make_unique<Ring>(
        Ring::Settings{.node = "head", .instance = "model", .epoch = epoch, .limits = *limits},
        world.make_loop("engine"), world.make_loop("timer"), engine, link, sink);
  }

  StepMessage& sent(size_t index) { return std::get<StepMessage>(link->sent.at(index)); }
  StepResult result(uint64_t number) {
    return {.instance = "model",
            .epoch = {.counter = 3, .proposer = "head"},
            .number = number,
            .hidden = std::vector<float>(HashEngine::hash_parts, 1.0f),
            .timings = {}};
  }

  SimulatedWorld world{1};
  RecordingSink sink;
  std::shared_ptr<HashEngine> engine;
  std::shared_ptr<RecordingLink> link;
  std::unique_ptr<Ring> ring;
};

TEST(Ring, AloneGivesTheLogitsOfItsEngine) {
  HeadInAWorld head(true);
  EXPECT_EQ(head.ring->submit(make_step(2, 0, {5, 6, 7})), 1u);
  EXPECT_TRUE(head.world.run_for(seconds(100)));
  ASSERT_EQ(head.sink.outputs.size(), 1u);
  EXPECT_EQ(head.sink.outputs[0].number, 1u);
  EXPECT_EQ(head.sink.outputs[0].logits, logits_without_ring({5, 6, 7}));
  ASSERT_EQ(head.sink.outputs[0].timings.size(), 1u);
  EXPECT_EQ(head.sink.outputs[0].timings[0].node, "head");
  EXPECT_EQ(head.ring->progress().last_done, 1u);
  EXPECT_NE(logits_without_ring({5, 6, 7}), logits_without_ring({5, 6, 8}));
}

TEST(Ring, AStepWithoutRowsFreesSlots) {
  HeadInAWorld head(true);
  ASSERT_TRUE(head.ring->submit(make_step(2, 0, {5, 6, 7})));
  ASSERT_TRUE(
      head.ring->submit({.batch = {.sequences = {}, .released_slots = {2}}, .tokens = {}, .logit_rows = {}}));
  EXPECT_TRUE(head.world.run_for(seconds(100)));
  EXPECT_EQ(head.sink.outputs.size(), 2u);
  EXPECT_EQ(head.engine->slots_used(), 0u);
}

TEST(Ring, GivesLogitsBeforeItBeginsAnotherStep) {
  HeadInAWorld head(true);
  ASSERT_TRUE(head.ring->submit(make_step(0, 0, {5})));
  ASSERT_TRUE(head.ring->submit(make_step(1, 0, {6})));
  ASSERT_TRUE(head.world.run_until([&] { return head.sink.outputs.size() == 1; }, seconds(1)));
  EXPECT_EQ(head.engine->step_count, 1);
}

TEST(Ring, SendsItsWindowOfStepsAndRefusesMore) {
  HeadInAWorld head(false);
  EXPECT_EQ(head.ring->window(), 6);
  for (int32_t i = 0; i < 6; ++i) EXPECT_TRUE(head.ring->submit(make_step(i, 0, {5})));
  const Result<uint64_t> refused = head.ring->submit(make_step(6, 0, {5}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::resource_exhausted);
  head.world.run_for(milliseconds(1));
  ASSERT_EQ(head.link->sent.size(), 6u);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(head.sent(i).number, i + 1);
}

TEST(Ring, EndsOnceWhenAResultIsNotTheNext) {
  HeadInAWorld head(false);
  ASSERT_TRUE(head.ring->submit(make_step(0, 0, {5})));
  ASSERT_TRUE(head.ring->submit(make_step(1, 0, {5})));
  head.world.run_for(milliseconds(1));
  head.ring->receive(head.result(2));
  head.ring->receive(head.result(1));
  head.ring->lose({ErrorCode::unavailable, "later"});
  head.world.run_for(seconds(100));
  EXPECT_TRUE(head.sink.outputs.empty());
  ASSERT_EQ(head.sink.losses.size(), 1u);
  EXPECT_EQ(head.sink.losses[0].code, ErrorCode::internal);
  const Result<uint64_t> refused = head.ring->submit(make_step(2, 0, {5}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

TEST(Ring, EndsWhenAResultHasTheWrongSize) {
  HeadInAWorld head(false);
  ASSERT_TRUE(head.ring->submit(make_step(0, 0, {5})));
  head.world.run_for(milliseconds(1));
  StepResult result = head.result(1);
  result.hidden.push_back(0);
  head.ring->receive(std::move(result));
  ASSERT_EQ(head.sink.losses.size(), 1u);
}

TEST(Ring, DropsMessagesOfAnotherEpochOrInstance) {
  HeadInAWorld head(false);
  ASSERT_TRUE(head.ring->submit(make_step(0, 0, {5})));
  head.world.run_for(milliseconds(1));
  StepResult result = head.result(1);
  result.epoch.counter = 2;
  head.ring->receive(result);
  result = head.result(1);
  result.instance = "other";
  head.ring->receive(result);
  StepFailure failure;
  failure.instance = "model";
  failure.epoch.counter = 2;
  head.ring->receive(failure);
  head.world.run_for(milliseconds(1));
  EXPECT_TRUE(head.sink.outputs.empty());
  EXPECT_TRUE(head.sink.losses.empty());
  head.ring->receive(head.result(1));
  head.world.run_for(milliseconds(1));
  EXPECT_EQ(head.sink.outputs.size(), 1u);
}

TEST(Ring, TellsWhichNodeDidNotMoveWhenADeadlinePasses) {
  HeadInAWorld head(false);
  ASSERT_TRUE(head.ring->submit(make_step(0, 0, {5})));
  head.world.run_for(milliseconds(10));
  head.ring->receive(head.result(1));
  head.world.run_for(milliseconds(10));
  ASSERT_EQ(head.sink.outputs.size(), 1u);

  ASSERT_TRUE(head.ring->submit(make_step(0, 1, {6})));
  head.ring->note_progress("b", {.last_done = 1, .in_progress = 2, .begun = {}});
  head.world.run_for(milliseconds(4990));
  EXPECT_TRUE(head.sink.losses.empty());
  EXPECT_TRUE(head.world.run_for(milliseconds(1270))) << "no timer goes on after the end";
  ASSERT_EQ(head.sink.losses.size(), 1u);
  EXPECT_EQ(head.sink.losses[0].code, ErrorCode::deadline_exceeded);
  EXPECT_NE(head.sink.losses[0].message.find("node b does not move"), std::string::npos)
      << head.sink.losses[0].message;
}

TEST(Ring, IsPatientWithALargeStepBeforeAnythingIsMeasured) {
  HeadInAWorld head(false);
  ASSERT_TRUE(head.ring->submit(make_step(0, 0, std::vector<TokenId>(60, 5))));
  head.world.run_for(seconds(60));
  EXPECT_TRUE(head.sink.losses.empty());
  EXPECT_TRUE(head.world.run_for(seconds(11)));
  EXPECT_EQ(head.sink.losses.size(), 1u);
}

TEST(Ring, AnEngineThatFailsEndsItWithTheNodeAndTheReason) {
  HeadInAWorld head(true);
  head.engine->fail_at_step = 2;
  ASSERT_TRUE(head.ring->submit(make_step(0, 0, {5})));
  ASSERT_TRUE(head.ring->submit(make_step(0, 1, {6})));
  ASSERT_TRUE(head.ring->submit(make_step(0, 2, {7})));
  EXPECT_TRUE(head.world.run_for(seconds(100)));
  EXPECT_EQ(head.sink.outputs.size(), 1u);
  ASSERT_EQ(head.sink.losses.size(), 1u);
  EXPECT_EQ(head.sink.losses[0].code, ErrorCode::resource_exhausted);
  EXPECT_EQ(head.sink.losses[0].message, "node head (layers 0 to 3), step 2: told to fail");
  EXPECT_EQ(head.engine->step_count, 2);
}

TEST(Ring, ABrokenLinkEndsIt) {
  HeadInAWorld head(false);
  head.link->broken = true;
  ASSERT_TRUE(head.ring->submit(make_step(0, 0, {5})));
  head.world.run_for(milliseconds(1));
  ASSERT_EQ(head.sink.losses.size(), 1u);
  EXPECT_EQ(head.sink.losses[0].code, ErrorCode::unavailable);
}

TEST(Ring, CallsNobodyAfterClose) {
  HeadInAWorld head(false);
  ASSERT_TRUE(head.ring->submit(make_step(0, 0, {5})));
  head.world.run_for(milliseconds(1));
  head.ring->close();
  head.ring->close();
  head.ring->receive(head.result(1));
  head.ring->lose({ErrorCode::unavailable, "late"});
  EXPECT_TRUE(head.world.run_for(seconds(1000)));
  EXPECT_TRUE(head.sink.outputs.empty());
  EXPECT_TRUE(head.sink.losses.empty());
  EXPECT_FALSE(head.ring->submit(make_step(0, 1, {5})));
}

// Waits for a number of outputs from the threads of a LocalRing.
class WaitingSink final : public StepSink {
 public:
  explicit WaitingSink(size_t expected) : expected_(expected) {}
  void on_step_done(StepOutput output) override {
    outputs_.push_back(std::move(output));
    if (outputs_.size() == expected_) done_.set_value();
  }
  void on_ring_lost(Error error) override { done_.set_exception(std::make_exception_ptr(error)); }
  const std::vector<StepOutput>& wait() {
    done_.get_future().get();
    return outputs_;
  }

 private:
  size_t expected_;
  std::vector<StepOutput> outputs_;  // calls of a sink never overlap
  std::promise<void> done_;
};

void submit_when_there_is_room(LocalRing& local, const Step& step) {
  Result<uint64_t> number = local.ring().submit(step);
  while (!number && number.error().code == ErrorCode::resource_exhausted) {  // the window is full
    std::this_thread::yield();
    number = local.ring().submit(step);
  }
  ASSERT_TRUE(number) << number.error().message;
}

TEST(LocalRing, GivesTheSameLogitsForEverySplitAndChunk) {
  std::vector<TokenId> tokens;
  for (TokenId i = 0; i < 12; ++i) tokens.push_back((i * 7 + 3) % 64);
  const std::vector<float> expected = logits_without_ring(tokens);
  const std::vector<std::vector<int64_t>> splits{{0, 4}, {0, 1, 4}, {0, 2, 3, 4}, {0, 1, 2, 3, 4}};
  for (const auto& split : splits) {
    for (const size_t chunk : {1u, 3u, 12u}) {
      std::vector<std::shared_ptr<Engine>> engines;
      for (size_t i = 0; i + 1 < split.size(); ++i) engines.push_back(make_engine(split[i], split[i + 1]));
      WaitingSink sink((tokens.size() + chunk - 1) / chunk);
      auto local = LocalRing::make("model", engines, sink);
      ASSERT_TRUE(local);
      for (size_t begin = 0; begin < tokens.size(); begin += chunk) {
        const auto first = tokens.begin() + static_cast<int64_t>(begin);
        const Step step =
            make_step(0, static_cast<int64_t>(begin), {first, first + static_cast<int64_t>(chunk)});
        submit_when_there_is_room(**local, step);
      }
      const std::vector<StepOutput>& outputs = sink.wait();
      EXPECT_EQ(outputs.back().logits, expected);
      EXPECT_EQ(outputs.back().timings.size(), split.size() - 1);
      for (size_t i = 0; i < outputs.size(); ++i) EXPECT_EQ(outputs[i].number, i + 1);
      (*local)->close();
    }
  }
}

// The steps of a guess that was wrong, and of one that was half right, are under way or done when the step
// that drops them is sent.
TEST(LocalRing, GivesAfterARollbackWhatItGivesWithoutOne) {
  const std::vector<TokenId> tokens{3, 10, 17, 24, 31, 38, 45, 52, 59, 2};
  struct Part {
    int64_t keep_length;
    std::vector<TokenId> tokens;
  };
  const std::vector<Part> parts{{0, {3, 10, 17, 24}}, {4, {63, 62, 61}}, {7, {60}},
                                {4, {31, 38, 1, 1}},  {6, {45}},         {7, {9, 9}},
                                {7, {52, 59, 2}}};
  const std::vector<std::vector<int64_t>> splits{{0, 4}, {0, 1, 4}, {0, 2, 3, 4}, {0, 1, 2, 3, 4}};
  for (const auto& split : splits) {
    std::vector<std::shared_ptr<Engine>> engines;
    for (size_t i = 0; i + 1 < split.size(); ++i) {
      const auto engine = make_engine(split[i], split[i + 1]);
      engine->may_roll_back = true;
      engines.push_back(engine);
    }
    WaitingSink sink(parts.size());
    auto local = LocalRing::make("model", engines, sink);
    ASSERT_TRUE(local);
    for (const Part& part : parts)
      submit_when_there_is_room(**local, make_step(0, part.keep_length, part.tokens));
    const std::vector<StepOutput>& outputs = sink.wait();
    EXPECT_EQ(outputs[1].logits, logits_without_ring({3, 10, 17, 24, 63, 62, 61})) << "the guess itself";
    EXPECT_EQ(outputs[4].logits, logits_without_ring(std::vector(tokens.begin(), tokens.begin() + 7)));
    EXPECT_EQ(outputs.back().logits, logits_without_ring(tokens));
    (*local)->close();
  }
}

TEST(Ring, AStepThatDropsTokensUnaskedEndsIt) {
  HeadInAWorld head(true);
  ASSERT_TRUE(head.ring->submit(make_step(0, 0, {5, 6, 7})));
  ASSERT_TRUE(head.ring->submit(make_step(0, 2, {8})));
  EXPECT_TRUE(head.world.run_for(seconds(100)));
  EXPECT_EQ(head.sink.losses.size(), 1u);
  EXPECT_EQ(head.engine->violated, "a slot holds 3, the step says 2");
}

TEST(LocalRing, ClosesWhileStepsAreUnderWay) {
  for (int i = 0; i < 50; ++i) {
    RecordingSink sink;
    auto local = LocalRing::make("model", {make_engine(0, 2), make_engine(2, 4)}, sink);
    ASSERT_TRUE(local);
    for (int32_t slot = 0; slot < 6; ++slot)
      ASSERT_TRUE((*local)->ring().submit(make_step(slot, 0, {1, 2, 3})));
    (*local)->close();
    EXPECT_TRUE(sink.losses.empty());
  }
}

TEST(CombineLimits, TakesTheLeastOfEachStage) {
  EngineInfo a = HashEngine::default_info(0, 2), b = HashEngine::default_info(2, 4);
  b.page_capacity = 17;
  b.slot_limit = 3;
  a.row_limit = 5;
  b.is_exact = false;
  const Result<RingLimits> limits = combine_limits(std::vector{a, b});
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->page_capacity, 17);
  EXPECT_EQ(limits->slot_limit, 3);
  EXPECT_EQ(limits->row_limit, 5);
  EXPECT_EQ(limits->stage_count, 2);
  EXPECT_FALSE(limits->is_exact);
}

TEST(CombineLimits, RefusesWhatIsNotOneModel) {
  const auto info = HashEngine::default_info;
  EXPECT_FALSE(combine_limits({}));
  EXPECT_FALSE(combine_limits(std::vector{info(1, 4)}));
  EXPECT_FALSE(combine_limits(std::vector{info(0, 2), info(3, 4)}));
  EXPECT_FALSE(combine_limits(std::vector{info(0, 2), info(0, 4)}));
  EngineInfo wide = info(2, 4);
  wide.hidden_size = 8;
  EXPECT_FALSE(combine_limits(std::vector{info(0, 2), wide}));
}

}  // namespace
}  // namespace shoal
