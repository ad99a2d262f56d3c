// The exact arithmetic against numbers that other programs computed; see the README of the oracles for
// tolerances.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/test_data_for_test.h"
#include "engine/oracle_for_test.h"

namespace shoal {
namespace {

using nlohmann::json;

// Where the distance between the best two logits is below this, another float32 engine may choose the other.
constexpr double margin_limit = 1e-3;

class Oracle : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    folder_ = test_data_path("oracles/" + GetParam());
    if (!exists(folder_)) GTEST_SKIP() << folder_;
    json_ = read_json(folder_ / "oracle.json");
    tensors_ = OracleTensors::read(folder_ / "oracle.safetensors");
    const auto checkpoint = Checkpoint::open(folder_);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    config_ = checkpoint->config();
    auto chain = EngineChain::load(*checkpoint, {config_.layer_count()}, exact_settings());
    ASSERT_TRUE(chain) << chain.error().message;
    chain_ = std::move(*chain);
    tolerance_ = 1e-4 * std::max(1.0, json_["logit_absmax"].get<double>());
    prompt_ = json_["input_ids"].get<std::vector<TokenId>>();
  }

  void expect_near(std::span<const float> actual, std::span<const float> expected, double tolerance) {
    ASSERT_EQ(actual.size(), expected.size());
    double worst = 0;
    for (size_t i = 0; i < actual.size(); ++i) {
      ASSERT_TRUE(std::isfinite(actual[i]));
      worst = std::max(worst, std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i])));
    }
    EXPECT_LE(worst, tolerance);
  }

  std::filesystem::path folder_;
  json json_;
  OracleTensors tensors_;
  ModelConfig config_;
  EngineChain chain_;
  std::vector<TokenId> prompt_;
  double tolerance_ = 0;
};

TEST_P(Oracle, GivesTheSameLogits) {
  const auto logits = chain_.logits_of(0, 0, prompt_, 512);
  ASSERT_TRUE(logits) << logits.error().message;
  const int64_t vocabulary = config_.vocabulary_size;
  const auto& last_two = tensors_.floats.at("logits_last2");
  const int64_t tokens = std::ssize(prompt_);
  for (int64_t i = 0; i < 2; ++i) {
    expect_near(row_of(*logits, tokens - 2 + i, vocabulary), row_of(last_two, i, vocabulary), tolerance_);
  }
  const auto& top_ids = tensors_.integers.at("top20_ids");
  const auto& top_logits = tensors_.floats.at("top20_logits");
  ASSERT_EQ(std::ssize(top_ids), tokens * 20);
  for (int64_t row = 0; row < tokens; ++row) {
    std::vector<float> actual;
    for (int64_t i = 0; i < 20; ++i) {
      actual.push_back(row_of(*logits, row, vocabulary)[static_cast<size_t>(top_ids[row * 20 + i])]);
    }
    expect_near(actual, row_of(top_logits, row, 20), tolerance_);
  }
}

TEST_P(Oracle, GivesTheSameHiddenStatesAfterEachLayer) {
  const int64_t hidden_size = config_.hidden_size;
  std::vector<float> last_rows;
  chain_.head().observe_layers([&](int64_t layer, std::span<const float> hidden) {
    EXPECT_EQ(layer, std::ssize(last_rows) / hidden_size);
    const auto row = hidden.last(static_cast<size_t>(hidden_size));
    last_rows.insert(last_rows.end(), row.begin(), row.end());
  });
  ASSERT_TRUE(chain_.step({.sequences = {{0, 0, std::ssize(prompt_)}}, .released_slots = {}}, prompt_));
  const auto& expected = tensors_.floats.at("hidden_last");
  ASSERT_EQ(expected.size(), last_rows.size() + static_cast<size_t>(hidden_size));
  for (int64_t layer = 0; layer < config_.layer_count(); ++layer) {
    expect_near(row_of(last_rows, layer, hidden_size), row_of(expected, layer + 1, hidden_size), tolerance_);
  }
}

TEST_P(Oracle, GeneratesTheSameTokens) {
  auto expected = json_["greedy_ids"].get<std::vector<TokenId>>();
  const auto margins = json_["greedy_top2_margin"].get<std::vector<double>>();
  const auto small = std::ranges::find_if(margins, [](double margin) { return margin < margin_limit; });
  expected.resize(static_cast<size_t>(small - margins.begin()));
  ASSERT_GT(expected.size(), 4u);
  const auto generated = generate_greedily(chain_, prompt_, std::ssize(expected));
  ASSERT_TRUE(generated) << generated.error().message;
  EXPECT_EQ(*generated, expected);
}

std::vector<std::string> oracle_names() {
  std::vector<std::string> names;
  for (const char* name :
       {"llama", "qwen2", "mistral", "mistral_yarn", "ministral3", "qwen3", "smollm3", "phi3", "phi3_long",
        "gemma2", "gemma3", "mixtral", "qwen2_moe", "qwen3_moe", "glm4_moe", "minimax_m2", "gpt_oss"}) {
    names.push_back(std::string("tiny/") + name);
  }
  for (const char* architecture : {"llama", "qwen2", "gemma3"}) {
    for (const char* type : {"f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1"}) {
      names.push_back(std::string("gguf/") + architecture + "-" + type);
    }
  }
  for (const char* name : {"affine_b4_g64", "affine_b4_g64_f16", "affine_mixed"}) {
    names.push_back(std::string("quant/llama_") + name);
  }
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, Oracle, testing::ValuesIn(oracle_names()), test_name);

TEST(Stories260K, TellsItsPublishedStory) {
  const auto folder = test_data_path("weights/stories260K-hf-derived");
  if (!exists(folder)) GTEST_SKIP() << folder;
  const auto golden = read_json(folder / "greedy_golden.json");
  const auto prompt = golden["prompt_ids"].get<std::vector<TokenId>>();
  auto expected = golden["token_ids"].get<std::vector<TokenId>>();
  expected.erase(expected.begin(), expected.begin() + std::ssize(prompt));
  const auto checkpoint = Checkpoint::open(folder);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  auto chain = EngineChain::load(*checkpoint, {2, 3}, exact_settings());
  ASSERT_TRUE(chain) << chain.error().message;
  const auto generated = generate_greedily(*chain, prompt, std::ssize(expected));
  ASSERT_TRUE(generated) << generated.error().message;
  EXPECT_EQ(*generated, expected);
}

}  // namespace
}  // namespace shoal
