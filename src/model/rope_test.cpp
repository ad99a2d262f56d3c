#include "model/rope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace shoal {
namespace {

using testing::HasSubstr;

RopeSettings settings_of(int64_t dimensions, double base) {
  RopeSettings settings;
  settings.dimensions = dimensions;
  settings.base = base;
  return settings;
}

std::vector<float> frequencies(const RopeSettings& settings) {
  auto rope = make_rope(settings);
  EXPECT_TRUE(rope) << rope.error().message;
  return rope->inverse_frequencies;
}

TEST(Rope, HasThePowersOfItsBase) {
  for (const double base : {10000.0, 500000.0, 1e6, 2.5}) {
    const auto actual = frequencies(settings_of(128, base));
    ASSERT_EQ(actual.size(), 64u);
    for (int i = 0; i < 64; ++i)
      EXPECT_FLOAT_EQ(actual[i], static_cast<float>(std::pow(base, -i / 64.0))) << i;
  }
}

TEST(Rope, ScalesLinearlyAndByDivisors) {
  const auto plain = frequencies(settings_of(8, 10000));
  auto settings = settings_of(8, 10000);
  settings.scaling = RopeScaling::linear;
  settings.factor = 4;
  const auto linear = frequencies(settings);
  settings = settings_of(8, 10000);
  settings.divisors = {1, 2, 4, 8};
  const auto divided = frequencies(settings);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(linear[i], plain[i] / 4);
    EXPECT_EQ(divided[i], plain[i] / static_cast<float>(1 << i));
  }
}

// Llama 3.1's published settings keep waves below 2048 positions and stretch those above 8192 eightfold.
TEST(Rope, StretchesLongWavesAsLlama3) {
  const auto plain = frequencies(settings_of(128, 500000));
  auto settings = settings_of(128, 500000);
  settings.scaling = RopeScaling::llama3;
  settings.factor = 8;
  settings.original_context_length = 8192;
  settings.low_frequency_factor = 1;
  settings.high_frequency_factor = 4;
  const auto scaled = frequencies(settings);
  int between = 0;
  for (size_t i = 0; i < scaled.size(); ++i) {
    const double wave = 2 * M_PI / static_cast<double>(plain[i]);
    if (wave < 2048) {
      EXPECT_FLOAT_EQ(scaled[i], plain[i]);
    } else if (wave > 8192) {
      EXPECT_FLOAT_EQ(scaled[i], plain[i] / 8);
    } else {
      const double smooth = (8192 / wave - 1) / 3;
      EXPECT_FLOAT_EQ(scaled[i], static_cast<float>((1 - smooth) * plain[i] / 8 + smooth * plain[i]));
      ++between;
    }
  }
  EXPECT_GT(between, 3);
}

// With DeepSeek-V3's published settings the ramp goes from dimension 10 to 23; with Kimi-K2's from 19 to 20.
TEST(Rope, RampsBetweenDimensionsAsYarn) {
  auto settings = settings_of(64, 10000);
  settings.scaling = RopeScaling::yarn;
  settings.factor = 40;
  settings.original_context_length = 4096;
  const auto deepseek = make_rope(settings);
  ASSERT_TRUE(deepseek);
  EXPECT_FLOAT_EQ(deepseek->magnitude, static_cast<float>(1 + 0.1 * std::log(40.0)));
  for (int i = 0; i < 32; ++i) {
    const double plain = std::pow(10000.0, -i / 32.0);
    const double ramp = std::clamp((i - 10) / 13.0, 0.0, 1.0);
    EXPECT_FLOAT_EQ(deepseek->inverse_frequencies[i],
                    static_cast<float>(plain / 40 * ramp + plain * (1 - ramp)))
        << i;
  }
  settings.base = 50000;
  settings.factor = 32;
  settings.beta_fast = 1;
  settings.magnitude = 1.0;
  const auto kimi = make_rope(settings);
  ASSERT_TRUE(kimi);
  EXPECT_EQ(kimi->magnitude, 1.0f);
  for (int i = 0; i < 32; ++i) {
    const double plain = std::pow(50000.0, -i / 32.0);
    EXPECT_FLOAT_EQ(kimi->inverse_frequencies[i], static_cast<float>(i < 20 ? plain : plain / 32)) << i;
  }
}

// The factor of the attention is that of the paper (Ding et al. 2024).
TEST(Rope, HasFactorsForShortAndForLongSequences) {
  auto settings = settings_of(8, 10000);
  settings.scaling = RopeScaling::longrope;
  settings.factor = 32;
  settings.original_context_length = 4096;
  settings.divisors = {1, 2, 4, 8};
  settings.long_divisors = {2, 4, 8, 16};
  const auto rope = make_rope(settings);
  ASSERT_TRUE(rope) << rope.error().message;
  EXPECT_FLOAT_EQ(rope->magnitude, static_cast<float>(std::sqrt(1 + std::log(32.0) / std::log(4096.0))));
  ModelConfig config;
  config.ropes = {*rope};
  fit_ropes(config, 4096);
  EXPECT_FLOAT_EQ(config.ropes[0].inverse_frequencies[1], 0.1F / 2);
  fit_ropes(config, 4097);
  EXPECT_FLOAT_EQ(config.ropes[0].inverse_frequencies[1], 0.1F / 4);
}

TEST(Rope, RefusesSettingsWithoutSense) {
  const auto refuse = [](auto change, std::string_view part) {
    auto settings = settings_of(64, 10000);
    change(settings);
    const auto rope = make_rope(settings);
    ASSERT_FALSE(rope) << part;
    EXPECT_THAT(rope.error().message, HasSubstr(std::string(part)));
  };
  refuse([](auto& s) { s.dimensions = 0; }, "turned dimensions is 0");
  refuse([](auto& s) { s.dimensions = 63; }, "turned dimensions is 63");
  refuse([](auto& s) { s.base = -1; }, "base is -1");
  refuse([](auto& s) { s.base = NAN; }, "base is nan");
  refuse([](auto& s) { s.factor = 0; }, "factor is 0");
  refuse([](auto& s) { s.scaling = RopeScaling::yarn; }, "original context length is 0");
  refuse([](auto& s) { s.divisors = {1, 2}; }, "count of frequency factors is 2");
  refuse([](auto& s) { s.divisors.assign(32, 0.0f); }, "a frequency factor is 0");
}

}  // namespace
}  // namespace shoal
