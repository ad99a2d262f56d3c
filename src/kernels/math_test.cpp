#include "kernels/math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"

namespace shoal {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// The distance of `value` from `truth` in units of the last place of the nearest float32.
double ulp_error(float value, double truth) {
  const double magnitude = std::max(std::abs(truth), 0x1p-126);
  const double ulp = std::ldexp(1.0, std::ilogb(magnitude) - 23);
  return std::abs(static_cast<double>(value) - truth) / ulp;
}

using FloatFunction = float (*)(float);
using DoubleFunction = double (*)(double);

// The largest error over floats between `low` and `high`, half of them uniform in value, half in exponent.
double worst_error(FloatFunction function, DoubleFunction truth, float low, float high) {
  double worst = 0;
  constexpr int samples = 400000;
  for (int i = 0; i <= samples; ++i) {
    const double part = static_cast<double>(i) / samples;
    float x = static_cast<float>(low + (high - low) * part);
    worst = std::max(worst, ulp_error(function(x), truth(x)));
    x = static_cast<float>(std::ldexp(high, static_cast<int>(-30 * part)) * (1 + part * 0.37));
    if (x < low || x > high) continue;
    worst = std::max(worst, ulp_error(function(x), truth(x)));
    if (-x >= low) worst = std::max(worst, ulp_error(function(-x), truth(-x)));
  }
  return worst;
}

double true_exp(double x) { return std::exp(x); }
double true_log(double x) { return std::log(x); }
double true_sin(double x) { return std::sin(x); }
double true_cos(double x) { return std::cos(x); }
double true_tanh(double x) { return std::tanh(x); }
double true_silu(double x) { return x / (1 + std::exp(-x)); }

TEST(Math, ExpIsWithinTwoUlpOverItsWholeRange) {
  EXPECT_LE(worst_error(exp_f32, true_exp, -103.9F, 88.72F), 2);
  EXPECT_EQ(exp_f32(0.0F), 1.0F);
  EXPECT_EQ(exp_f32(88.73F), infinity);
  EXPECT_EQ(exp_f32(infinity), infinity);
  EXPECT_EQ(exp_f32(-104.0F), 0.0F);
  EXPECT_EQ(exp_f32(-infinity), 0.0F);
  EXPECT_TRUE(std::isnan(exp_f32(NAN)));
}

TEST(Math, LogIsWithinTwoUlpOverItsWholeRange) {
  EXPECT_LE(worst_error(log_f32, true_log, 0.0001F, 3.0e38F), 2);
  EXPECT_LE(worst_error(log_f32, true_log, 0.5F, 2.0F), 2);
  EXPECT_LE(worst_error(log_f32, true_log, 0x1p-149F, 0x1p-120F), 2);
  EXPECT_EQ(log_f32(1.0F), 0.0F);
  EXPECT_EQ(log_f32(0.0F), -infinity);
  EXPECT_EQ(log_f32(infinity), infinity);
  EXPECT_TRUE(std::isnan(log_f32(-1.0F)));
  EXPECT_TRUE(std::isnan(log_f32(NAN)));
}

TEST(Math, SinAndCosAreWithinTwoUlpUpToAMillion) {
  for (const float high : {1.0F, 100.0F, 10000.0F, 1.1e6F}) {
    EXPECT_LE(worst_error(sin_f32, true_sin, -high, high), 2) << high;
    EXPECT_LE(worst_error(cos_f32, true_cos, -high, high), 2) << high;
  }
  EXPECT_EQ(sin_f32(0.0F), 0.0F);
  EXPECT_EQ(cos_f32(0.0F), 1.0F);
}

TEST(Math, SinAndCosStayAccurateBesideTheirZeros) {
  for (int64_t quarter = 1; quarter < 700000; quarter += 7) {
    const float x = static_cast<float>(static_cast<double>(quarter) * 1.57079632679489661923);
    EXPECT_LE(ulp_error(sin_f32(x), std::sin(static_cast<double>(x))), 2) << x;
    EXPECT_LE(ulp_error(cos_f32(x), std::cos(static_cast<double>(x))), 2) << x;
  }
}

TEST(Math, TanhIsWithinFourUlp) {
  EXPECT_LE(worst_error(tanh_f32, true_tanh, -20.0F, 20.0F), 4);
  EXPECT_LE(worst_error(tanh_f32, true_tanh, -1.0F, 1.0F), 4);
  EXPECT_EQ(tanh_f32(infinity), 1.0F);
  EXPECT_EQ(tanh_f32(-infinity), -1.0F);
  EXPECT_TRUE(std::isnan(tanh_f32(NAN)));
}

TEST(Math, SiluIsWithinFourUlp) {
  EXPECT_LE(worst_error(silu_f32, true_silu, -80.0F, 80.0F), 4);
  EXPECT_EQ(silu_f32(0.0F), 0.0F);
  EXPECT_EQ(silu_f32(-1000.0F), 0.0F);
  EXPECT_EQ(silu_f32(1000.0F), 1000.0F);
}

}  // namespace
}  // namespace shoal
