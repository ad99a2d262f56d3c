#include "ring/stage.h"

#include <gtest/gtest.h>

#include "base/simulated_world_for_test.h"
#include "ring/hash_engine_for_test.h"
#include "ring/recording_link_for_test.h"

namespace shoal {
namespace {

using std::chrono::seconds;

struct StageInAWorld {
  explicit StageInAWorld(bool is_tail = false)
      : stage(
            {.node = "b", .instance = "model", .epoch = {.counter = 3, .proposer = "a"}, .is_tail = is_tail},
            world.make_loop("engine"), engine, next, head) {}

  static StepMessage message(uint64_t number, std::vector<SequenceRows> sequences) {
    StepMessage message{.instance = "model",
                        .epoch = {.counter = 3, .proposer = "a"},
                        .number = number,
                        .batch = {.sequences = std::move(sequences), .released_slots = {}},
                        .result_rows = {},
                        .hidden = {},
                        .timings = {}};
    message.hidden.resize(static_cast<size_t>(message.batch.row_count() * HashEngine::hash_parts));
    for (size_t i = 0; i < message.hidden.size(); ++i) message.hidden[i] = static_cast<float>(i * 31 % 1000);
    return message;
  }

  void receive_and_run(StepMessage message) {
    stage.receive(std::move(message));
    EXPECT_TRUE(world.run_for(seconds(1)));
  }

  const StepFailure* failure() const {
    return head->sent.empty() ? nullptr : std::get_if<StepFailure>(&head->sent.front());
  }

  SimulatedWorld world{1};
  std::shared_ptr<HashEngine> engine = std::make_shared<HashEngine>(HashEngine::default_info(2, 4));
  std::shared_ptr<RecordingLink> next = std::make_shared<RecordingLink>();
  std::shared_ptr<RecordingLink> head = std::make_shared<RecordingLink>();
  Stage stage;
};

TEST(Stage, HandsTheHiddenStatesOfItsLayersOn) {
  StageInAWorld b;
  const StepMessage message = b.message(1, {{.slot = 1, .keep_length = 0, .row_count = 2}});
  b.receive_and_run(message);
  ASSERT_EQ(b.next->sent.size(), 1u);
  const StepMessage& sent = std::get<StepMessage>(b.next->sent[0]);
  std::vector<float> expected = message.hidden;
  HashEngine engine(HashEngine::default_info(2, 4));
  ASSERT_TRUE(engine.step(message.batch, expected));
  EXPECT_EQ(sent.hidden, expected);
  EXPECT_EQ(sent.batch, message.batch);
  ASSERT_EQ(sent.timings.size(), 1u);
  EXPECT_EQ(sent.timings[0].node, "b");
  EXPECT_EQ(b.stage.progress().last_done, 1u);
}

TEST(Stage, AtTheTailSendsTheWantedRowsBack) {
  StageInAWorld b(true);
  StepMessage message = b.message(1, {{.slot = 1, .keep_length = 0, .row_count = 3}});
  message.result_rows = {0, 2};
  std::vector<float> hidden = message.hidden;
  HashEngine engine(HashEngine::default_info(2, 4));
  ASSERT_TRUE(engine.step(message.batch, hidden));
  b.receive_and_run(message);
  ASSERT_EQ(b.next->sent.size(), 1u);
  std::vector<float> expected(hidden.begin(), hidden.begin() + 4);
  expected.insert(expected.end(), hidden.begin() + 8, hidden.end());
  EXPECT_EQ(std::get<StepResult>(b.next->sent[0]).hidden, expected);
}

TEST(Stage, DropsWhatIsOfAnotherEpoch) {
  StageInAWorld b;
  StepMessage message = b.message(1, {{.slot = 1, .keep_length = 0, .row_count = 1}});
  message.epoch.counter = 2;
  b.receive_and_run(message);
  message.epoch.counter = 3;
  message.instance = "other";
  b.receive_and_run(message);
  EXPECT_TRUE(b.next->sent.empty());
  EXPECT_TRUE(b.head->sent.empty());
}

TEST(Stage, AnswersAGapWithAFailureAndTakesNothingMore) {
  StageInAWorld b;
  b.receive_and_run(b.message(1, {{.slot = 1, .keep_length = 0, .row_count = 1}}));
  b.receive_and_run(b.message(3, {{.slot = 1, .keep_length = 1, .row_count = 1}}));
  b.receive_and_run(b.message(2, {{.slot = 1, .keep_length = 1, .row_count = 1}}));
  EXPECT_EQ(b.next->sent.size(), 1u);
  ASSERT_EQ(b.head->sent.size(), 1u);
  ASSERT_NE(b.failure(), nullptr);
  EXPECT_EQ(b.failure()->number, 3u);
  EXPECT_EQ(b.failure()->node, "b");
  EXPECT_EQ(b.failure()->error.message, "node b (layers 2 to 3), step 3: it came where step 2 was expected");
}

TEST(Stage, ReportsAnEngineThatFailsAndDropsTheStepsBehind) {
  StageInAWorld b;
  b.engine->fail_at_step = 1;
  b.stage.receive(b.message(1, {{.slot = 1, .keep_length = 0, .row_count = 1}}));
  b.stage.receive(b.message(2, {{.slot = 1, .keep_length = 1, .row_count = 1}}));
  b.world.run_for(seconds(1));
  EXPECT_EQ(b.engine->step_count, 1);
  ASSERT_EQ(b.head->sent.size(), 1u);
  EXPECT_EQ(b.failure()->error.code, ErrorCode::resource_exhausted);
}

TEST(Stage, RefusesMessagesWhoseSizesDoNotAgree) {
  const auto is_refused = [](auto change) {
    StageInAWorld b;
    StepMessage message = b.message(1, {{.slot = 1, .keep_length = 0, .row_count = 2}});
    change(message);
    b.receive_and_run(message);
    return b.failure() != nullptr && b.failure()->error.code == ErrorCode::invalid_argument &&
           b.engine->step_count == 0;
  };
  EXPECT_FALSE(is_refused([](StepMessage&) {}));
  EXPECT_TRUE(is_refused([](StepMessage& m) { m.hidden.pop_back(); }));
  EXPECT_TRUE(is_refused([](StepMessage& m) { m.batch.sequences[0].row_count = -2; }));
  EXPECT_TRUE(is_refused([](StepMessage& m) { m.batch.sequences[0].row_count = INT64_MAX; }));
  EXPECT_TRUE(is_refused([](StepMessage& m) {
    m.batch.sequences.push_back(m.batch.sequences[0]);
    m.batch.sequences[1].row_count = INT64_MAX;
  }));
  EXPECT_TRUE(is_refused([](StepMessage& m) { m.result_rows = {2}; }));
  EXPECT_TRUE(is_refused([](StepMessage& m) { m.result_rows = {-1}; }));
  EXPECT_TRUE(is_refused([](StepMessage& m) { m.result_rows = {1, 0}; }));
}

TEST(Stage, QueuesNoMoreStepsThanARingMayHave) {
  StageInAWorld b;
  for (uint64_t number = 1; number <= max_steps_in_flight + 1; ++number)
    b.stage.receive(b.message(number, {}));
  ASSERT_NE(b.failure(), nullptr);
  EXPECT_EQ(b.failure()->error.code, ErrorCode::resource_exhausted);
}

TEST(Stage, TellsTheHeadThatItsLinkIsBroken) {
  StageInAWorld b;
  b.next->broken = true;
  b.receive_and_run(b.message(1, {}));
  ASSERT_NE(b.failure(), nullptr);
  EXPECT_EQ(b.failure()->error.code, ErrorCode::unavailable);
}

TEST(Stage, SendsNothingAfterClose) {
  StageInAWorld b;
  b.stage.receive(b.message(1, {}));
  b.stage.close();
  b.stage.close();
  b.stage.receive(b.message(2, {}));
  EXPECT_TRUE(b.world.run_for(seconds(1)));
  EXPECT_TRUE(b.next->sent.empty());
  EXPECT_TRUE(b.head->sent.empty());
  EXPECT_EQ(b.engine->step_count, 0);
}

}  // namespace
}  // namespace shoal
