#include "engine/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <set>

#include "base/test_data_for_test.h"
#include "engine/oracle_for_test.h"

namespace shoal {
namespace {

using testing::ElementsAre;

// `count` doubles of an F64 tensor.
std::vector<double> read_doubles(const std::filesystem::path& path, std::string_view name) {
  const auto mapped = os::MappedFile::open(path);
  const auto file = parse_safetensors(mapped->bytes(), static_cast<int64_t>(mapped->bytes().size()));
  const SafetensorsTensor* tensor = file->find_tensor(name);
  std::vector<double> values(static_cast<size_t>(tensor->bytes) / 8);
  std::memcpy(values.data(), mapped->bytes().data() + tensor->offset, static_cast<size_t>(tensor->bytes));
  return values;
}

SamplingSettings settings_from(const nlohmann::json& params) {
  SamplingSettings settings;
  settings.temperature = params["temperature"];
  settings.top_k = params["top_k"];
  settings.top_p = params["top_p"];
  settings.min_p = params["min_p"];
  settings.repetition_penalty = params["repetition_penalty"];
  settings.presence_penalty = params["presence_penalty"];
  settings.frequency_penalty = params["frequency_penalty"];
  return settings;
}

std::vector<double> probabilities_of(std::span<const float> logits, const SamplingSettings& settings,
                                     const SampleContext& context) {
  const auto probabilities = sampling_probabilities(logits, settings, context);
  EXPECT_TRUE(probabilities) << (probabilities ? "" : probabilities.error().message);
  return probabilities.value_or(std::vector<double>(logits.size()));
}

Sample sample_of(std::span<const float> logits, const SamplingSettings& settings,
                 const SampleContext& context, std::optional<int64_t> top_logprobs) {
  const auto sample = sample_token(logits, settings, context, top_logprobs);
  EXPECT_TRUE(sample) << (sample ? "" : sample.error().message);
  return sample.value_or(Sample{.token = {.token = -1, .logprob = 0}, .top = {}});
}

SampleContext no_context() { return {.prompt = {}, .output = {}, .choice_index = 0, .forbidden = {}}; }

TEST(Sampler, DrawsOnlyFromWhatIsAllowed) {
  std::vector<float> logits(130);
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i % 17);
  const std::vector<uint64_t> allowed{uint64_t{1} << 3 | uint64_t{1} << 40, 0, 2};
  SampleContext context = no_context();
  context.allowed = allowed;
  SamplingSettings settings;
  const std::vector<double> probabilities = probabilities_of(logits, settings, context);
  double sum = 0;
  for (const size_t token : {3u, 40u, 129u}) {
    EXPECT_GT(probabilities[token], 0);
    sum += probabilities[token];
  }
  EXPECT_NEAR(sum, 1, 1e-9);
  settings.temperature = 0;
  EXPECT_EQ(sample_of(logits, settings, context, {}).token.token, 129);  // 10, before 6 and 3
  const std::vector<uint64_t> short_mask{uint64_t{1} << 3};
  context.allowed = short_mask;
  EXPECT_EQ(sample_of(logits, settings, context, {}).token.token, 3);
}

TEST(Sampler, GivesTheOraclesProbabilities) {
  const auto folder = test_data_path("oracles/sampler");
  if (!exists(folder)) GTEST_SKIP() << folder;
  const auto oracle = read_json(folder / "sampler.json");
  const auto tensors = OracleTensors::read(folder / "sampler.safetensors");
  const auto expected = read_doubles(folder / "sampler.safetensors", "probs");
  const int64_t vocabulary = oracle["vocab"];
  ASSERT_EQ(oracle["cases"].size(), 80u);
  for (const auto& item : oracle["cases"]) {
    const auto logits = row_of(tensors.floats.at("logits"), item["logits_row"], vocabulary);
    const auto prompt = item["prompt_ids"].get<std::vector<TokenId>>();
    const auto output = item["output_ids"].get<std::vector<TokenId>>();
    const auto settings = settings_from(item["params"]);
    const SampleContext context{.prompt = prompt, .output = output, .choice_index = 0, .forbidden = {}};
    const auto actual = probabilities_of(logits, settings, context);
    const auto row = item["probs_row"].get<size_t>() * static_cast<size_t>(vocabulary);
    for (size_t i = 0; i < actual.size(); ++i) {
      ASSERT_NEAR(actual[i], expected[row + i], 1e-6) << item["probs_row"] << " token " << i;
      ASSERT_EQ(actual[i] > 0, expected[row + i] > 0) << item["probs_row"] << " token " << i;
    }
    const TokenId token = sample_of(logits, settings, context, std::nullopt).token.token;
    EXPECT_GT(expected[row + static_cast<size_t>(token)], 0);
  }
}

// A wide vocabulary whose tail matters: what a partial selection must not get wrong.
std::vector<float> wide_logits() {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> logits(150'000);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

TEST(Sampler, CutsAWideVocabularyAsAFullSortWould) {
  const auto logits = wide_logits();
  std::vector<TokenId> sorted(logits.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::ranges::sort(
      sorted, [&](TokenId a, TokenId b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit));
  for (const double top_p : {0.01, 0.5, 0.95}) {
    SamplingSettings settings;
    settings.top_p = top_p;
    const auto probabilities = probabilities_of(logits, settings, no_context());
    double before = 0;
    for (const TokenId token : sorted) {
      // Within float rounding of the cut either side is right.
      if (std::abs(before / total - top_p) > 1e-6) {
        ASSERT_EQ(probabilities[token] > 0, before / total < top_p) << token;
      }
      before += std::exp(static_cast<double>(logits[token]));
    }
  }
  for (const int64_t top_k : {1, 50, 5000, 149'999}) {
    SamplingSettings settings;
    settings.top_k = top_k;
    const auto probabilities = probabilities_of(logits, settings, no_context());
    for (int64_t i = 0; i < std::ssize(sorted); ++i) ASSERT_EQ(probabilities[sorted[i]] > 0, i < top_k) << i;
  }
}

TEST(Sampler, DrawsEachTokenAsOftenAsItsProbabilitySays) {
  const std::vector<float> logits = {1.0f, 0.0f, 2.0f, -1.0f};
  SamplingSettings settings;
  const auto probabilities = probabilities_of(logits, settings, no_context());
  std::vector<double> counts(4);
  constexpr int draws = 40'000;
  for (int i = 0; i < draws; ++i) {
    settings.seed = static_cast<uint64_t>(i);
    counts[static_cast<size_t>(sample_of(logits, settings, no_context(), std::nullopt).token.token)] += 1;
  }
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(counts[i] / draws, probabilities[i], 0.01);
}

TEST(Sampler, DependsOnSeedChoiceAndPositionOnly) {
  const auto logits = wide_logits();
  SamplingSettings settings;
  settings.seed = 5;
  const std::vector<TokenId> history = {1, 2, 3};
  const auto draw = [&](size_t prompt, size_t output, uint32_t choice) {
    const std::span<const TokenId> all(history);
    const SampleContext context{
        .prompt = all.first(prompt), .output = all.first(output), .choice_index = choice, .forbidden = {}};
    return sample_of(logits, settings, context, std::nullopt).token.token;
  };
  EXPECT_EQ(draw(3, 0, 0), draw(3, 0, 0));
  EXPECT_EQ(draw(3, 0, 0), draw(1, 2, 0));
  EXPECT_NE(draw(3, 0, 0), draw(3, 1, 0));
  EXPECT_NE(draw(3, 0, 0), draw(3, 0, 1));
  const TokenId before = draw(3, 0, 0);
  settings.seed = 6;
  EXPECT_NE(draw(3, 0, 0), before);
}

TEST(Sampler, TakesTheLowestOfEqualTokensAtTemperatureZero) {
  const std::vector<float> logits = {0.5f, 3.0f, 3.0f, -2.0f};
  SamplingSettings settings;
  settings.temperature = 0;
  EXPECT_EQ(sample_of(logits, settings, no_context(), std::nullopt).token.token, 1);
  settings.logit_bias = {{2, 0.25}, {99, 100.0}, {-1, 100.0}};
  EXPECT_EQ(sample_of(logits, settings, no_context(), std::nullopt).token.token, 2);
  const std::vector<TokenId> forbidden = {2, 1};
  const SampleContext context{.prompt = {}, .output = {}, .choice_index = 0, .forbidden = forbidden};
  EXPECT_EQ(sample_of(logits, settings, context, std::nullopt).token.token, 0);
}

TEST(Sampler, NeverDrawsAForbiddenTokenUnlessAllAreForbidden) {
  const std::vector<float> logits = {0.0f, 9.0f, 0.0f};
  SamplingSettings settings;
  std::vector<TokenId> forbidden = {1};
  const SampleContext context{.prompt = {}, .output = {}, .choice_index = 0, .forbidden = forbidden};
  EXPECT_THAT(probabilities_of(logits, settings, context), ElementsAre(0.5, 0, 0.5));
  forbidden = {0, 1, 2};
  const SampleContext all{.prompt = {}, .output = {}, .choice_index = 0, .forbidden = forbidden};
  EXPECT_THAT(probabilities_of(logits, settings, all), ElementsAre(0, 1, 0));
}

TEST(Sampler, SurvivesExtremeTemperatures) {
  const std::vector<float> logits = {1.0f, 2.0f, -3.0e38f};
  SamplingSettings settings;
  settings.temperature = 1e-12;
  EXPECT_THAT(probabilities_of(logits, settings, no_context()), ElementsAre(0, 1, 0));
  settings.temperature = 1e12;
  const auto flat = probabilities_of(logits, settings, no_context());
  EXPECT_NEAR(flat[0], 0.5, 1e-6);
}

TEST(Sampler, ReportsLogprobsOfTheUnchangedLogits) {
  const std::vector<float> logits = {1.0f, 3.0f, 2.0f, 3.0f};
  SamplingSettings settings;
  settings.temperature = 0;
  settings.logit_bias = {{0, 50.0}};
  const Sample sample = sample_of(logits, settings, no_context(), 3);
  const double sum = std::log(std::exp(1.0) + 2 * std::exp(3.0) + std::exp(2.0));
  EXPECT_EQ(sample.token.token, 0);
  EXPECT_NEAR(sample.token.logprob, 1.0 - sum, 1e-6);
  ASSERT_EQ(sample.top.size(), 3u);
  EXPECT_EQ(sample.top[0].token, 1);
  EXPECT_EQ(sample.top[1].token, 3);
  EXPECT_EQ(sample.top[2].token, 2);
  EXPECT_NEAR(sample.top[0].logprob, 3.0 - sum, 1e-6);
  EXPECT_NEAR(sample.top[2].logprob, 2.0 - sum, 1e-6);
  EXPECT_TRUE(sample_of(logits, settings, no_context(), 0).top.empty());
  EXPECT_EQ(sample_of(logits, settings, no_context(), 20).top.size(), 4u);
}

// Rows 1, 64 and 65 of the output matrix are of no token.
TEST(Sampler, IdsThatStandForNoTokenNeverTakePart) {
  std::vector<float> logits(66, 1.0f);
  logits[1] = logits[64] = logits[65] = 50.0f;
  logits[3] = 2.0f;
  const std::vector<uint64_t> tokens{~uint64_t{2}, 0};
  const std::vector<TokenId> seen = {1, 3, 64};
  SampleContext context{
      .prompt = seen, .output = seen, .choice_index = 0, .forbidden = {}, .allowed = {}, .tokens = tokens};
  const std::set<TokenId> holes = {1, 64, 65};
  SamplingSettings settings;
  settings.logit_bias = {{1, 100.0}, {64, 100.0}};
  settings.frequency_penalty = -2;
  settings.repetition_penalty = 0.5;
  for (const double temperature : {0.0, 1.0, 100.0}) {
    settings.temperature = temperature;
    for (uint64_t seed = 0; seed < 50; ++seed) {
      settings.seed = seed;
      const Sample sample = sample_of(logits, settings, context, 100);
      EXPECT_FALSE(holes.contains(sample.token.token)) << sample.token.token;
      EXPECT_EQ(sample.top.size(), 63u);
      EXPECT_EQ(sample.top[0].token, 3);
      EXPECT_NEAR(sample.top[0].logprob, 2 - std::log(62 * std::exp(1.0) + std::exp(2.0)), 1e-5);
    }
    for (const TokenId hole : holes)
      EXPECT_EQ(probabilities_of(logits, settings, context)[static_cast<size_t>(hole)], 0);
  }
  // A grammar that would take them, and a prohibition of all the others.
  const std::vector<uint64_t> allowed{uint64_t{2} | uint64_t{1} << 5, 3};
  context.allowed = allowed;
  EXPECT_EQ(sample_of(logits, settings, context, {}).token.token, 5);
  context.allowed = {};
  std::vector<TokenId> forbidden(66);
  std::iota(forbidden.begin(), forbidden.end(), 0);
  context.forbidden = forbidden;
  EXPECT_EQ(sample_of(logits, settings, context, {}).token.token, 3);
}

TEST(Sampler, AnyFiniteSettingsHaveAResult) {
  const std::vector<float> logits = {1.0f, 3.4e38f, -3.4e38f, 0.0f, 2.0f};
  const std::vector<TokenId> seen = {0, 1, 1, 2, 3};
  const SampleContext context{.prompt = seen, .output = seen, .choice_index = 0, .forbidden = {}};
  using Setting = double SamplingSettings::*;
  const auto odd = {
      0.0,  -0.0, 1e-308, -1e-308, 5e-324, 1e308, -1e308, 7.0, -7.0, 0.5, -0.5, 1e-30, 1.7976931348623157e308,
      1e30, -1e30};
  const auto all = {&SamplingSettings::temperature,
                    &SamplingSettings::top_p,
                    &SamplingSettings::min_p,
                    &SamplingSettings::repetition_penalty,
                    &SamplingSettings::presence_penalty,
                    &SamplingSettings::frequency_penalty};
  for (const Setting first : all) {
    for (const Setting second : all) {
      for (const double one : odd) {
        for (const double other : odd) {
          SamplingSettings settings;
          settings.*first = one;
          settings.*second = other;
          settings.top_k = static_cast<int64_t>(std::clamp(one, -3.0, 3.0));
          settings.logit_bias = {{1, other}, {4, one}};
          const std::vector<double> probabilities = probabilities_of(logits, settings, context);
          EXPECT_NEAR(std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1, 1e-6);
          const Sample sample = sample_of(logits, settings, context, 5);
          ASSERT_GE(sample.token.token, 0);
          EXPECT_GT(probabilities[static_cast<size_t>(sample.token.token)], 0);
          for (const TokenProbability& top : sample.top) EXPECT_TRUE(std::isfinite(top.logprob));
        }
      }
    }
  }
}

TEST(Sampler, WhatIsNotFiniteIsAnError) {
  const std::vector<float> logits = {1.0f, 2.0f};
  for (const double wrong : {NAN, INFINITY, -INFINITY}) {
    SamplingSettings settings;
    settings.repetition_penalty = wrong;
    const auto sample = sample_token(logits, settings, no_context(), {});
    ASSERT_FALSE(sample);
    EXPECT_EQ(sample.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(sample.error().message.find("repetition_penalty"), std::string::npos) << sample.error().message;
    settings = {};
    settings.logit_bias = {{1, wrong}};
    EXPECT_FALSE(sample_token(logits, settings, no_context(), {}));
    const std::vector<float> damaged = {1.0f, static_cast<float>(wrong)};
    EXPECT_FALSE(sample_token(damaged, {}, no_context(), {}));
    EXPECT_FALSE(sampling_probabilities(damaged, {}, no_context()));
  }
  EXPECT_FALSE(sample_token({}, {}, no_context(), {}));
  SampleContext context = no_context();
  const std::vector<uint64_t> none = {4};
  context.tokens = none;
  EXPECT_FALSE(sample_token(logits, {}, context, {}));
}

}  // namespace
}  // namespace shoal
