// A whole model of K-quants against the same weights in float32, whose arithmetic cpu_engine_oracle_test.cpp
// holds to other programs' numbers.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "engine/oracle_for_test.h"
#include "model/k_quant_model_for_test.h"

namespace shoal {
namespace {

constexpr int64_t vocabulary_size = 256;

std::vector<double> log_probabilities(std::span<const float> logits) {
  const double highest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - highest);
  std::vector<double> result;
  for (const float logit : logits) result.push_back(logit - highest - std::log(sum));
  return result;
}

// How far `other` is from what `truth` says, in nats.
double divergence(std::span<const float> truth, std::span<const float> other) {
  const auto p = log_probabilities(truth), q = log_probabilities(other);
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) sum += std::exp(p[i]) * (p[i] - q[i]);
  return sum;
}

class KQuants : public testing::Test {
 protected:
  void SetUp() override {
    const StoredModel model = make_k_quant_model();
    folder_ = std::filesystem::temp_directory_path() / fmt::format("shoal-k-{:016x}", os::random_bits());
    ASSERT_TRUE(os::write_text_file(folder_ / "k.gguf", model.as_blocks));
    ASSERT_TRUE(os::write_text_file(folder_ / "float.gguf", model.as_float));
    for (TokenId i = 0; i < 96; ++i) prompt_.push_back((i * 37 + i * i) % vocabulary_size);
    truth_ = logits_of("float.gguf", exact_settings());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::vector<float> logits_of(const char* file, const CpuEngineSettings& settings) {
    const auto checkpoint = Checkpoint::open(folder_ / file);
    EXPECT_TRUE(checkpoint) << checkpoint.error().message;
    auto chain = EngineChain::load(*checkpoint, {1, 2}, settings);
    EXPECT_TRUE(chain) << chain.error().message;
    const auto logits = chain->logits_of(0, 0, prompt_, 512);
    EXPECT_TRUE(logits) << logits.error().message;
    return *logits;
  }

  std::filesystem::path folder_;
  std::vector<TokenId> prompt_;
  std::vector<float> truth_;  // [prompt, vocabulary]
};

TEST_F(KQuants, AreWorthWhatTheirFieldsSay) {
  const std::vector<float> logits = logits_of("k.gguf", exact_settings());
  ASSERT_EQ(logits.size(), truth_.size());
  double worst = 0, largest_logit = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    ASSERT_TRUE(std::isfinite(logits[i]));
    worst = std::max(worst, std::abs(static_cast<double>(logits[i]) - truth_[i]));
    largest_logit = std::max(largest_logit, std::abs(static_cast<double>(truth_[i])));
  }
  EXPECT_GT(largest_logit, 1.0) << "the model says something";
  EXPECT_LE(worst, 1e-4 * largest_logit) << "the tolerance of the oracles' README for float32";
}

// The bounds are what that README measured of llama.cpp, which rounds activations to int8 as well: a mean
// divergence of 3.0e-3 at most over four models, 2.6e-2 at the worst position, the first choice the same at
// 95 of 100 positions.
TEST_F(KQuants, WithInt8ActivationsStayWhereFloat32Is) {
  CpuEngineSettings settings = exact_settings();
  settings.precision = WeightPrecision::as_stored;
  settings.kv_type = KvType::f16;
  settings.isa = choose_isa().value();
  const std::vector<float> logits = logits_of("k.gguf", settings);
  double sum = 0, worst = 0;
  int64_t same_choice = 0;
  const auto rows = std::ssize(prompt_);
  for (int64_t row = 0; row < rows; ++row) {
    const auto expected = row_of(truth_, row, vocabulary_size), found = row_of(logits, row, vocabulary_size);
    const double distance = divergence(expected, found);
    sum += distance;
    worst = std::max(worst, distance);
    same_choice += largest(expected) == largest(found) ? 1 : 0;
  }
  EXPECT_GT(worst, 0.0) << "activations were not rounded";
  EXPECT_LE(sum / static_cast<double>(rows), 3.0e-3);
  EXPECT_LE(worst, 2.6e-2);
  EXPECT_GE(100 * same_choice, 95 * rows);
}

}  // namespace
}  // namespace shoal
