#include "engine/cpu_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/test_data_for_test.h"
#include "engine/oracle_for_test.h"

namespace shoal {
namespace {

using testing::HasSubstr;

void expect_refusal(const Result<void>& result, ErrorCode code, std::string_view part) {
  ASSERT_FALSE(result) << part;
  EXPECT_EQ(result.error().code, code);
  EXPECT_THAT(result.error().message, HasSubstr(std::string(part)));
}

class SmallEngine : public testing::Test {
 protected:
  void SetUp() override {
    const auto path = test_data_path("oracles/gguf/llama-q8_0");
    if (!exists(path)) GTEST_SKIP() << path;
    checkpoint_ = Checkpoint::open(path).value();
    settings_.range = {.first_layer = 0, .end_layer = checkpoint_.config().layer_count(), .is_head = true};
    settings_.slot_limit = 2;
    settings_.row_limit = 4;
    settings_.context_length = 100;
    settings_.kv_memory_bytes = 1 << 20;
    engine_ = load_cpu_engine(checkpoint_, settings_).value();
    hidden_.resize(static_cast<size_t>(4 * engine_->info().hidden_size));
  }

  Result<void> step(std::vector<SequenceRows> sequences, std::vector<int32_t> released = {}) {
    const StepBatch batch{.sequences = std::move(sequences), .released_slots = std::move(released)};
    const auto size =
        static_cast<size_t>(std::clamp<int64_t>(batch.row_count(), 0, 4) * engine_->info().hidden_size);
    return engine_->step(batch, std::span(hidden_).first(size));
  }

  Checkpoint checkpoint_;
  CpuEngineSettings settings_;
  std::unique_ptr<Engine> engine_;
  std::vector<float> hidden_;
};

TEST_F(SmallEngine, TellsItsLimits) {
  const EngineInfo& info = engine_->info();
  EXPECT_EQ(info.context_length, 100);
  EXPECT_EQ(info.page_capacity, 4);  // two slots of 100 tokens in pages of 64
  EXPECT_EQ(info.vocabulary_size, 1024);
  EXPECT_TRUE(info.is_exact);
  settings_.kv_memory_bytes = 3 * kv_page_bytes(checkpoint_.config(), settings_.range, KvType::f16);
  EXPECT_EQ(load_cpu_engine(checkpoint_, settings_).value()->info().page_capacity, 3);
}

TEST_F(SmallEngine, RefusesSettingsThatCannotWork) {
  const auto refuse = [&](auto change, ErrorCode code, std::string_view part) {
    CpuEngineSettings settings = settings_;
    change(settings);
    const auto engine = load_cpu_engine(checkpoint_, settings);
    ASSERT_FALSE(engine) << part;
    EXPECT_EQ(engine.error().code, code);
    EXPECT_THAT(engine.error().message, HasSubstr(std::string(part)));
  };
  refuse([](auto& s) { s.kv_memory_bytes = 100; }, ErrorCode::resource_exhausted,
         "100 bytes for keys and values");
  refuse([](auto& s) { s.thread_count = 0; }, ErrorCode::invalid_argument, "0 threads");
  refuse([](auto& s) { s.range.end_layer = 4; }, ErrorCode::invalid_argument, "layers [0, 4)");
}

TEST_F(SmallEngine, TakesAStepWithoutRows) {
  ASSERT_TRUE(step({{0, 0, 3}}));
  EXPECT_TRUE(step({}, {0}));
  EXPECT_TRUE(step({{0, 0, 0}}));
}

TEST_F(SmallEngine, RefusesStepsBeyondItsLimits) {
  expect_refusal(step({{0, 0, 3}, {1, 0, 2}}), ErrorCode::invalid_argument, "5 rows, the limit is 4");
  expect_refusal(step({{0, 0, -1}}), ErrorCode::invalid_argument, "-1 rows");
  const StepBatch endless{.sequences = {{0, 0, int64_t{1} << 62}, {1, 0, int64_t{1} << 62}},
                          .released_slots = {}};
  expect_refusal(engine_->step(endless, hidden_), ErrorCode::invalid_argument, "rows in a step");
  expect_refusal(step({{2, 0, 1}}), ErrorCode::invalid_argument, "slot 2");
  expect_refusal(step({{0, 1, 1}}), ErrorCode::invalid_argument, "holds 0 tokens");
  expect_refusal(step({{0, 0, 1}, {0, 0, 1}}), ErrorCode::invalid_argument, "named twice");
  expect_refusal(engine_->step({.sequences = {{0, 0, 1}}, .released_slots = {}}, hidden_),
                 ErrorCode::invalid_argument, "hidden values");
  for (int64_t length = 0; length < 100; length += 4) ASSERT_TRUE(step({{0, length, 4}}));
  expect_refusal(step({{0, 100, 1}}), ErrorCode::invalid_argument, "the limit is 100");
}

TEST_F(SmallEngine, RefusesTokensThatAreNotOfItsVocabulary) {
  const auto row = std::span(hidden_).first(static_cast<size_t>(engine_->info().hidden_size));
  expect_refusal(engine_->embed(std::vector<TokenId>{1024}, row), ErrorCode::invalid_argument, "token 1024");
  expect_refusal(engine_->embed(std::vector<TokenId>{-1}, row), ErrorCode::invalid_argument, "token -1");
  EXPECT_TRUE(engine_->embed(std::vector<TokenId>{1023}, row));
}

TEST_F(SmallEngine, ReportsLogitsThatAreNotFinite) {
  std::vector<float> logits(static_cast<size_t>(engine_->info().vocabulary_size));
  const auto row = std::span(hidden_).first(static_cast<size_t>(engine_->info().hidden_size));
  ASSERT_TRUE(engine_->embed(std::vector<TokenId>{7}, row));
  EXPECT_TRUE(engine_->compute_logits(row, logits));
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    hidden_[5] = bad;
    expect_refusal(engine_->compute_logits(row, logits), ErrorCode::internal, "not finite");
  }
}

TEST_F(SmallEngine, HasNoEmbeddingWhenItIsNotTheHead) {
  settings_.range.is_head = false;
  const auto stage = load_cpu_engine(checkpoint_, settings_).value();
  EXPECT_FALSE(stage->embed({}, {}));
  EXPECT_FALSE(stage->compute_logits({}, {}));
}

}  // namespace
}  // namespace shoal
