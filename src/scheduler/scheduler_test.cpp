#include "scheduler/scheduler.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "answers/context_length.h"
#include "base/retry_advice.h"
#include "base/simulated_world_for_test.h"
#include "tokens/fake_tokenizer_for_test.h"

namespace shoal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t vocabulary_size = 100;

// Keeps the steps for the test to look at; the token behind token t is t + 1.
class ScriptedPipeline final : public StepPipeline {
 public:
  explicit ScriptedPipeline(RingLimits limits) : limits_(limits) {}

  const RingLimits& limits() const override { return limits_; }
  int64_t window() const override { return 2 * limits_.stage_count + 2; }
  Result<uint64_t> submit(Step step) override {
    if (refusal) return shoal::fail(*refusal);
    EXPECT_LT(std::ssize(in_flight), window());
    steps.push_back(step);
    in_flight.push_back(std::move(step));
    return ++last_number_;
  }

  StepOutput finish_oldest() {
    const Step step = std::move(in_flight.front());
    in_flight.pop_front();
    StepOutput output{.number = ++last_done_, .logits = {}, .timings = {}};
    for (const int32_t row : step.logit_rows) {
      std::vector<float> logits(vocabulary_size);
      logits[static_cast<size_t>(step.tokens[static_cast<size_t>(row)] + 1) % vocabulary_size] = 9;
      output.logits.insert(output.logits.end(), logits.begin(), logits.end());
    }
    return output;
  }

  std::deque<Step> in_flight;
  std::vector<Step> steps;
  std::optional<Error> refusal;

 private:
  RingLimits limits_;
  uint64_t last_number_ = 0;
  uint64_t last_done_ = 0;
};

class RecordingSink final : public TokenSink {
 public:
  struct Heard {
    std::vector<TokenId> tokens;
    std::vector<TokenId> alternatives;
    std::vector<GenerationEnd> ends;
    std::vector<Error> errors;
  };
  void on_token(const RequestId& request, uint32_t, DeliveredToken token) override {
    EXPECT_EQ(token.index, std::ssize(heard[request].tokens));
    heard[request].tokens.push_back(token.token);
    for (const TokenLogprob& other : token.top_logprobs) heard[request].alternatives.push_back(other.token);
  }
  void on_finished(const RequestId& request, uint32_t, GenerationEnd end) override {
    heard[request].ends.push_back(std::move(end));
  }
  void on_failed(const RequestId& request, uint32_t, Error error) override {
    heard[request].errors.push_back(std::move(error));
  }
  std::map<RequestId, Heard> heard;
};

RingLimits default_limits() {
  return {.slot_limit = 8,
          .row_limit = 512,
          .page_tokens = 16,
          .page_capacity = 1000,
          .context_length = 2000,
          .vocabulary_size = vocabulary_size,
          .stage_count = 1,
          .is_exact = true};
}

struct Bench {
  explicit Bench(RingLimits limits = default_limits(), SchedulerSettings settings = {},
                 const Tokenizer& text_tokenizer = tokenizer())
      : pipeline(limits), scheduler(settings, world.make_loop("scheduler"), text_tokenizer, sink) {
    scheduler.start(pipeline);
  }

  static const Tokenizer& tokenizer() {
    static const FakeTokenizer tokenizer(std::vector<std::string>(vocabulary_size, "x"), {}, {99});
    return tokenizer;
  }

  Result<void> submit(const RequestId& request, int64_t prompt_tokens, int64_t max_tokens) {
    Generation generation{};
    generation.request = request;
    generation.prompt.assign(static_cast<size_t>(prompt_tokens), 1);
    generation.max_tokens = max_tokens;
    generation.sampling.temperature = 0;
    return scheduler.submit(std::move(generation));
  }

  void run() { world.run_for(seconds(1)); }
  void finish_oldest() {
    scheduler.on_step_done(pipeline.finish_oldest());
    run();
  }
  void finish_all() {
    for (int i = 0; i < 10000 && !pipeline.in_flight.empty(); ++i) finish_oldest();
    EXPECT_TRUE(pipeline.in_flight.empty());
  }
  const Step& last_step() const { return pipeline.steps.back(); }

  SimulatedWorld world{1};
  ScriptedPipeline pipeline;
  RecordingSink sink;
  Scheduler scheduler;
};

// The pipeline's favourite is the token behind the last one: 2, 3, 4 …
TEST(Scheduler, IdsThatStandForNoTokenAreNeverSampled) {
  std::vector<std::string> words(7, "x");
  words[3].clear();  // a hole; ids from 7 on are rows that pad the output matrix
  const FakeTokenizer tokenizer(words);
  for (const double temperature : {0.0, 0.01, 2.0}) {
    Bench bench(default_limits(), {}, tokenizer);
    for (const TokenId last : {1, 2, 5, 6}) {
      Generation generation{};
      generation.request = fmt::format("{}", last);
      generation.prompt = {last};
      generation.max_tokens = 20;
      generation.sampling.temperature = temperature;
      generation.settings.top_logprobs = 20;
      ASSERT_TRUE(bench.scheduler.submit(std::move(generation)));
    }
    bench.run();
    bench.finish_all();
    for (const auto& [request, heard] : bench.sink.heard) {
      ASSERT_EQ(heard.tokens.size(), 20u) << request;
      for (const TokenId token : heard.tokens) EXPECT_TRUE(token != 3 && token < 7) << token;
      for (const TokenId token : heard.alternatives) EXPECT_TRUE(token != 3 && token < 7) << token;
    }
  }
}

TEST(Scheduler, GeneratesUntilTheTokensAreUsedUp) {
  Bench bench;
  ASSERT_TRUE(bench.submit("a", 3, 4));
  bench.run();
  bench.finish_all();
  const auto& heard = bench.sink.heard["a"];
  EXPECT_EQ(heard.tokens, (std::vector<TokenId>{2, 3, 4, 5}));
  ASSERT_EQ(heard.ends.size(), 1u);
  EXPECT_EQ(heard.ends[0].reason, FinishReason::length);
  EXPECT_EQ(bench.last_step().batch, (StepBatch{.sequences = {}, .released_slots = {0}}));
  const SchedulerStatus status = bench.scheduler.status();
  EXPECT_EQ(status.active, 0);
  EXPECT_EQ(status.pages_used, 0);
  EXPECT_EQ(status.prompt_tokens, 3);
  EXPECT_EQ(status.completion_tokens, 4);
}

TEST(Scheduler, RefusesWhatCanNeverRun) {
  RingLimits limits = default_limits();
  limits.page_capacity = 10;
  Bench bench(limits);
  const Result<void> too_long = bench.submit("a", 2000, 1);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(is_too_long_prompt(too_long.error())) << too_long.error().message;
  const Result<void> too_large = bench.submit("a", 161, 1);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, ErrorCode::resource_exhausted);
  EXPECT_FALSE(bench.submit("a", 0, 1));
  Generation generation{};
  generation.prompt = {5, vocabulary_size};
  const Result<void> unknown_token = bench.scheduler.submit(generation);
  ASSERT_FALSE(unknown_token);
  EXPECT_EQ(unknown_token.error().message, "the prompt has token 100, the model has tokens 0 to 99");
  EXPECT_TRUE(bench.submit("a", 160, 1));
}

TEST(Scheduler, RefusesMoreThanItsQueueHolds) {
  Bench bench(default_limits(), {.queue_limit = 2, .active_limit = 1});
  ASSERT_TRUE(bench.submit("a", 3, 4));
  bench.run();
  ASSERT_TRUE(bench.submit("b", 3, 4));
  ASSERT_TRUE(bench.submit("c", 3, 4));
  const Result<void> refused = bench.submit("d", 3, 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::resource_exhausted);
  bench.run();
  EXPECT_EQ(bench.scheduler.status().waiting, 2);
  bench.finish_all();
  for (const char* request : {"a", "b", "c"}) EXPECT_EQ(bench.sink.heard[request].ends.size(), 1u);
  EXPECT_FALSE(bench.sink.heard.contains("d"));
  EXPECT_TRUE(bench.submit("d", 3, 4));
}

TEST(Scheduler, ABurstTakesAllPlacesBeforeAnyoneWaitsAndTheRestIsToldWhen) {
  Bench bench(default_limits(), {.queue_limit = 2});
  ASSERT_TRUE(bench.submit("first", 3, 4));
  bench.run();
  ASSERT_EQ(bench.pipeline.in_flight.size(), 1u) << "the others come while a step is under way";
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(bench.submit(fmt::format("r{}", i), 3, 4)) << i;
  const Result<void> refused = bench.submit("late", 3, 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::resource_exhausted);
  EXPECT_TRUE(find_retry_advice(refused.error().message)) << refused.error().message;
  bench.run();
  EXPECT_EQ(bench.scheduler.status().active, 8);
  EXPECT_EQ(bench.scheduler.status().waiting, 2);
  bench.finish_all();
  EXPECT_EQ(bench.sink.heard.size(), 10u);
  for (const auto& [request, heard] : bench.sink.heard) EXPECT_EQ(heard.ends.size(), 1u) << request;
}

TEST(Scheduler, AFewHundredAtOnceAllGetTheirAnswer) {
  Bench bench;
  for (int i = 0; i < 512; ++i) ASSERT_TRUE(bench.submit(fmt::format("r{}", i), 3, 4)) << i;
  bench.run();
  bench.finish_all();
  for (const auto& [request, heard] : bench.sink.heard) EXPECT_EQ(heard.ends.size(), 1u) << request;
  EXPECT_EQ(bench.sink.heard.size(), 512u);
}

TEST(Scheduler, DecodesAllActiveSequencesInOneStepBesidePrefill) {
  Bench bench;
  ASSERT_TRUE(bench.submit("a", 3, 100));
  ASSERT_TRUE(bench.submit("b", 4, 100));
  bench.run();
  bench.finish_oldest();
  bench.finish_oldest();
  ASSERT_TRUE(bench.submit("c", 700, 100));
  bench.finish_oldest();
  const StepBatch& mixed = bench.last_step().batch;
  ASSERT_EQ(mixed.sequences.size(), 3u);
  EXPECT_EQ(mixed.sequences[0].row_count, 1);
  EXPECT_EQ(mixed.sequences[1].row_count, 1);
  EXPECT_EQ(mixed.sequences[2].row_count, 510) << "as many rows as a step may have";
  EXPECT_EQ(bench.last_step().logit_rows, (std::vector<int32_t>{0, 1}));
  bench.finish_oldest();
  EXPECT_EQ(bench.last_step().batch.sequences[2],
            (SequenceRows{.slot = 2, .keep_length = 510, .row_count = 190}));
  EXPECT_EQ(bench.last_step().logit_rows, (std::vector<int32_t>{0, 1, 191}));
}

TEST(Scheduler, PromptsTakeTurns) {
  RingLimits limits = default_limits();
  limits.row_limit = 100;
  Bench bench(limits, {.prefill_chunk = 100});
  for (const char* request : {"a", "b", "c"}) ASSERT_TRUE(bench.submit(request, 250, 1));
  bench.run();
  std::vector<int32_t> first_slots;
  for (int i = 0; i < 6; ++i) {
    first_slots.push_back(bench.last_step().batch.sequences[0].slot);
    bench.finish_oldest();
  }
  EXPECT_EQ(first_slots, (std::vector<int32_t>{0, 1, 2, 0, 1, 2}));
}

TEST(Scheduler, ACancelledRequestIsGoneWithTheNextStep) {
  Bench bench;
  ASSERT_TRUE(bench.submit("a", 3, 100));
  ASSERT_TRUE(bench.submit("b", 3, 100));
  bench.run();
  bench.finish_oldest();
  bench.finish_oldest();
  bench.scheduler.cancel("a");
  bench.scheduler.cancel("never heard of");
  bench.run();
  const size_t heard = bench.sink.heard["a"].tokens.size();
  bench.finish_oldest();
  EXPECT_EQ(bench.last_step().batch.released_slots, (std::vector<int32_t>{0}));
  ASSERT_EQ(bench.last_step().batch.sequences.size(), 1u);
  EXPECT_EQ(bench.last_step().batch.sequences[0].slot, 1);
  EXPECT_EQ(bench.sink.heard["a"].tokens.size(), heard);
  EXPECT_TRUE(bench.sink.heard["a"].ends.empty());
}

TEST(Scheduler, CancelOfTheOnlyRequestFreesItsSlotWithAStepWithoutRows) {
  Bench bench;
  ASSERT_TRUE(bench.submit("a", 3, 100));
  bench.run();
  bench.scheduler.cancel("a");
  bench.run();
  bench.finish_oldest();
  EXPECT_EQ(bench.last_step().batch, (StepBatch{.sequences = {}, .released_slots = {0}}));
  bench.finish_all();
  EXPECT_EQ(bench.scheduler.status().pages_used, 0);
}

TEST(Scheduler, PreemptsTheYoungestWhenPagesRunOutAndReplaysItWithoutTelling) {
  RingLimits limits = default_limits();
  limits.page_tokens = 4;
  limits.page_capacity = 6;
  Bench bench(limits);
  ASSERT_TRUE(bench.submit("a", 3, 13));
  ASSERT_TRUE(bench.submit("b", 3, 13));
  bench.run();
  bench.finish_all();
  EXPECT_GT(bench.scheduler.status().preemptions, 0);
  const std::vector<TokenId> expected{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  EXPECT_EQ(bench.sink.heard["a"].tokens, expected);
  EXPECT_EQ(bench.sink.heard["b"].tokens, expected);
  EXPECT_EQ(bench.scheduler.status().pages_used, 0);
}

TEST(Scheduler, AnAnswerThatOutgrowsAllPagesFailsAndOthersGoOn) {
  RingLimits limits = default_limits();
  limits.page_tokens = 4;
  limits.page_capacity = 4;
  Bench bench(limits);
  ASSERT_TRUE(bench.submit("a", 3, 100));
  ASSERT_TRUE(bench.submit("b", 3, 5));
  bench.run();
  bench.finish_all();
  const auto& a = bench.sink.heard["a"];
  EXPECT_EQ(a.tokens.size(), 14u) << "16 positions are kept, and the last token need not be";
  ASSERT_EQ(a.errors.size(), 1u);
  EXPECT_EQ(a.errors[0].code, ErrorCode::resource_exhausted);
  EXPECT_TRUE(a.ends.empty());
  EXPECT_EQ(bench.sink.heard["b"].ends.size(), 1u);
}

TEST(Scheduler, EveryGenerationFailsOnceWhenTheRingIsLost) {
  Bench bench(default_limits(), {.active_limit = 1});
  ASSERT_TRUE(bench.submit("a", 3, 100));
  ASSERT_TRUE(bench.submit("b", 3, 100));
  bench.run();
  StepOutput late = bench.pipeline.finish_oldest();
  bench.scheduler.on_ring_lost({ErrorCode::unavailable, "node c is gone"});
  bench.scheduler.on_step_done(std::move(late));
  bench.run();
  for (const char* request : {"a", "b"}) {
    ASSERT_EQ(bench.sink.heard[request].errors.size(), 1u);
    EXPECT_EQ(bench.sink.heard[request].errors[0].message, "node c is gone");
    EXPECT_TRUE(bench.sink.heard[request].tokens.empty());
  }
  const Result<void> refused = bench.submit("c", 3, 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

TEST(Scheduler, APipelineThatRefusesIsLost) {
  Bench bench;
  bench.pipeline.refusal = Error{ErrorCode::unavailable, "the ring has ended"};
  ASSERT_TRUE(bench.submit("a", 3, 100));
  bench.run();
  EXPECT_EQ(bench.sink.heard["a"].errors.size(), 1u);
  EXPECT_FALSE(bench.submit("b", 3, 100));
}

TEST(Scheduler, AResubmittedGenerationGoesOnBehindItsDeliveredTokens) {
  Bench bench;
  Generation generation{};
  generation.request = "a";
  generation.prompt = {1};
  generation.delivered = {2, 3};
  generation.max_tokens = 4;
  generation.sampling.temperature = 0;
  ASSERT_TRUE(bench.scheduler.submit(generation));
  bench.sink.heard["a"].tokens = {2, 3};
  bench.run();
  EXPECT_EQ(bench.last_step().tokens, (std::vector<TokenId>{1, 2, 3}));
  bench.finish_all();
  EXPECT_EQ(bench.sink.heard["a"].tokens, (std::vector<TokenId>{2, 3, 4, 5}));

  generation.request = "b";
  generation.delivered = {2, 3, 4, 5};
  ASSERT_TRUE(bench.scheduler.submit(generation));
  bench.run();
  EXPECT_EQ(bench.sink.heard["b"].ends.size(), 1u) << "it had ended already";
}

TEST(Scheduler, TellsNobodyAnythingAfterClose) {
  Bench bench;
  ASSERT_TRUE(bench.submit("a", 3, 100));
  bench.run();
  bench.scheduler.close();
  bench.scheduler.close();
  bench.finish_oldest();
  bench.scheduler.on_ring_lost({ErrorCode::unavailable, "late"});
  bench.run();
  EXPECT_TRUE(bench.sink.heard.empty());
  EXPECT_FALSE(bench.submit("b", 3, 4));
}

TEST(Scheduler, DecodeOfOneGoesOnWhilePrefillOfAnotherIsUnderWay) {
  RingLimits limits = default_limits();
  limits.stage_count = 2;
  Bench bench(limits);
  ASSERT_TRUE(bench.submit("a", 3, 100));
  bench.run();
  bench.finish_oldest();
  ASSERT_TRUE(bench.submit("b", 600, 100));
  bench.run();
  EXPECT_EQ(bench.pipeline.in_flight.size(), 3u) << "one step for each stage and one in between";
  const size_t heard = bench.sink.heard["a"].tokens.size();
  bench.finish_oldest();
  EXPECT_EQ(bench.sink.heard["a"].tokens.size(), heard + 1);
  EXPECT_EQ(bench.last_step().batch.sequences[0].slot, 0);
  EXPECT_EQ(bench.last_step().batch.sequences[0].row_count, 1);
  EXPECT_GT(bench.last_step().batch.sequences[1].row_count, 1);
}

// Stages that take time, in a world's time: fixed + per_row · rows each, and a hop in between.
class TimedPipeline final : public StepPipeline {
 public:
  TimedPipeline(SimulatedWorld& world, RingLimits limits, Duration fixed, Duration per_row)
      : world_(world),
        limits_(limits),
        fixed_(fixed),
        per_row_(per_row),
        free_at_(static_cast<size_t>(limits.stage_count)) {}

  const RingLimits& limits() const override { return limits_; }
  int64_t window() const override { return 2 * limits_.stage_count + 2; }
  Result<uint64_t> submit(Step step) override {
    StepOutput output{.number = ++last_number_,
                      .logits = std::vector<float>(step.logit_rows.size() * vocabulary_size),
                      .timings = {}};
    TimePoint time = world_.now();
    for (TimePoint& free_at : free_at_) {
      const TimePoint begin = std::max(time + milliseconds(1), free_at);
      free_at = time = begin + fixed_ + step.batch.row_count() * per_row_;
      output.timings.push_back({.node = "n",
                                .begin_ns = begin.time_since_epoch().count(),
                                .end_ns = time.time_since_epoch().count()});
    }
    world_.at_after(time - world_.now(), [this, output = std::move(output)] { sink->on_step_done(output); });
    return last_number_;
  }

  StepSink* sink = nullptr;

 private:
  SimulatedWorld& world_;
  RingLimits limits_;
  Duration fixed_;
  Duration per_row_;
  std::vector<TimePoint> free_at_;
  uint64_t last_number_ = 0;
};

// How long it takes until a prompt of 512 tokens has its first token, when the whole model takes 16 ms to
// read and 2 ms a row; measured on the second prompt.
Duration time_to_first_token(int64_t stage_count) {
  SimulatedWorld world(1);
  RingLimits limits = default_limits();
  limits.stage_count = stage_count;
  TimedPipeline pipeline(world, limits, milliseconds(16) / stage_count, milliseconds(2) / stage_count);
  RecordingSink sink;
  Scheduler scheduler({}, world.make_loop("scheduler"), Bench::tokenizer(), sink);
  pipeline.sink = &scheduler;
  scheduler.start(pipeline);
  TimePoint begin{};
  for (const char* request : {"warm", "measured"}) {
    Generation generation{};
    generation.request = request;
    generation.prompt.assign(512, 1);
    generation.max_tokens = 20;
    begin = world.now();
    EXPECT_TRUE(scheduler.submit(generation));
    EXPECT_TRUE(world.run_until([&] { return !sink.heard[request].tokens.empty(); }, seconds(100)));
    const Duration taken = world.now() - begin;
    EXPECT_TRUE(world.run_until([&] { return !sink.heard[request].ends.empty(); }, seconds(100)));
    if (std::string_view(request) == "measured") return taken;
  }
  return {};
}

TEST(Scheduler, PrefillOverTwoStagesIsAtLeastOneAndAHalfTimesAsFast) {
  const double one = to_seconds(time_to_first_token(1));
  EXPECT_GE(one / to_seconds(time_to_first_token(2)), 1.5);
  EXPECT_GE(one / to_seconds(time_to_first_token(4)), 2.2);
}

}  // namespace
}  // namespace shoal
