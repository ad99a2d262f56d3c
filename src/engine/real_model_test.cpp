// Trained models with int8 activations against float32 figures of another program. SHOAL_MATRIX=all tries the
// larger models too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/test_data_for_test.h"
#include "engine/oracle_for_test.h"

namespace shoal {
namespace {

struct RealModel {
  const char* name;
  const char* oracle;
  bool is_large;
};

// -ln of the softmax's value at `token`.
double negative_log_likelihood(std::span<const float> logits, TokenId token) {
  const double highest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - highest);
  return highest + std::log(sum) - static_cast<double>(logits[static_cast<size_t>(token)]);
}

class Real : public testing::TestWithParam<RealModel> {
 protected:
  void SetUp() override {
    const RealModel& model = GetParam();
    if (model.is_large && os::environment("SHOAL_MATRIX") != "all") {
      GTEST_SKIP() << model.name << ": only with SHOAL_MATRIX=all";
    }
    const auto path = real_model_path(model.name);
    const auto oracle = test_data_path(std::string("oracles/real/") + model.oracle);
    if (!exists(path)) GTEST_SKIP() << path;
    if (!exists(oracle)) GTEST_SKIP() << oracle;
    oracle_ = read_json(oracle);
    if (static_cast<int64_t>(file_size(path)) != oracle_["model"]["file_size"]) {
      GTEST_SKIP() << path << " is another file than the oracle's";
    }
    const auto checkpoint = Checkpoint::open(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    CpuEngineSettings settings;
    settings.thread_count = os::processor_count();
    const auto isa = choose_isa();
    ASSERT_TRUE(isa) << isa.error().message;
    settings.isa = *isa;
    settings.context_length = 1024;
    settings.kv_memory_bytes = int64_t{1} << 30;
    const int64_t layers = checkpoint->config().layer_count();
    auto chain = EngineChain::load(*checkpoint, {layers / 3, layers - layers / 3}, settings);
    ASSERT_TRUE(chain) << chain.error().message;
    chain_ = std::move(*chain);
  }

  void release() {
    for (auto& engine : chain_.engines())
      ASSERT_TRUE(engine->step({.sequences = {}, .released_slots = {0}}, {}));
  }

  nlohmann::json oracle_;
  EngineChain chain_;
};

TEST_P(Real, HasThePerplexityOfFloat32WithinHalfAPercent) {
  const int64_t vocabulary = chain_.head().info().vocabulary_size;
  double sum = 0, expected_sum = 0;
  int64_t predictions = 0;
  for (const auto& window : oracle_["windows"]) {
    const auto ids = window["input_ids"].get<std::vector<TokenId>>();
    const auto logits = chain_.logits_of(0, 0, ids, 512);
    ASSERT_TRUE(logits) << logits.error().message;
    double window_sum = 0;
    for (size_t i = 1; i < ids.size(); ++i) {
      window_sum += negative_log_likelihood(row_of(*logits, static_cast<int64_t>(i) - 1, vocabulary), ids[i]);
    }
    ASSERT_EQ(window["predictions"], ids.size() - 1);
    sum += window_sum;
    expected_sum += window["nll_sum"].get<double>();
    predictions += std::ssize(ids) - 1;
    release();
  }
  const double perplexity = std::exp(sum / static_cast<double>(predictions));
  const double expected = std::exp(expected_sum / static_cast<double>(predictions));
  std::cout << "perplexity " << perplexity << ", float32 " << expected << '\n';
  EXPECT_NEAR(perplexity / expected, 1.0, 0.005);
}

TEST_P(Real, PrefersTheTokensThatFloat32Prefers) {
  const auto ids = oracle_["windows"][0]["input_ids"].get<std::vector<TokenId>>();
  const auto logits = chain_.logits_of(0, 0, ids, 512);
  ASSERT_TRUE(logits) << logits.error().message;
  int64_t same = 0, count = 0;
  for (const auto& item : oracle_["top10_window_0"]) {
    const auto row = row_of(*logits, item["position"], chain_.head().info().vocabulary_size);
    same += largest(row) == item["ids"][0].get<TokenId>() ? 1 : 0;
    ++count;
  }
  ASSERT_GT(count, 50);
  std::cout << "same first choice at " << same << " of " << count << " positions\n";
  // What llama.cpp, which rounds activations to int8 as well, has at these positions: 95 to 100 % (README of
  // the oracles).
  EXPECT_GE(100 * same, 95 * count);
}

INSTANTIATE_TEST_SUITE_P(Models, Real,
                         testing::Values(RealModel{"smollm2-135m", "smollm2-135m-q4_1.json", false},
                                         RealModel{"gemma3-270m", "gemma3-270m-q4_k_m.json", true},
                                         RealModel{"qwen2.5-coder-0.5b", "qwen-0.5b.json", true},
                                         RealModel{"qwen2.5-coder-1.5b", "qwen-1.5b.json", true}),
                         [](const auto& param_info) {
                           std::string name = param_info.param.name;
                           std::ranges::replace_if(name, [](char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace shoal
