#include "model/rope.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace shoal {
namespace {

constexpr double ln2 = std::numbers::ln2;

// Our own log and exp in double: every node must get the same frequencies, and libraries differ in the last
// bit. Good to about 1e-15, far below the float32 that results are rounded to.
double natural_log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // [0.5, 1)
  if (mantissa < std::numbers::sqrt2 / 2) {
    mantissa *= 2;
    --exponent;
  }
  const double s = (mantissa - 1) / (mantissa + 1);  // ln m = 2 artanh s, |s| < 0.172
  double sum = 0;
  for (int n = 25; n >= 1; n -= 2) sum = sum * s * s + 1.0 / n;
  return exponent * ln2 + 2 * s * sum;
}

double exponential(double x) {
  const double k = std::rint(x / ln2);
  const double r = x - k * ln2;  // |r| < 0.35
  double sum = 1;
  for (int n = 18; n >= 1; --n) sum = 1 + sum * r / n;
  return std::ldexp(sum, static_cast<int>(k));
}

std::vector<double> plain_frequencies(const RopeSettings& settings) {
  std::vector<double> frequencies(static_cast<size_t>(settings.dimensions / 2));
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(settings.dimensions);
    frequencies[i] = exponential(-exponent * natural_log(settings.base));
  }
  return frequencies;
}

// Stretches long waves by the factor, keeps short ones, and interpolates between.
void scale_as_llama3(const RopeSettings& settings, std::vector<double>& frequencies) {
  const double low = settings.low_frequency_factor;
  const double high = settings.high_frequency_factor;
  for (double& frequency : frequencies) {
    const double turns = settings.original_context_length * frequency / (2 * std::numbers::pi);
    const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    frequency = (1 - kept) * frequency / settings.factor + kept * frequency;
  }
}

// The dimension whose wave makes `turns` turns within the original context.
double yarn_dimension(const RopeSettings& settings, double turns) {
  return static_cast<double>(settings.dimensions) *
         natural_log(settings.original_context_length / (turns * 2 * std::numbers::pi)) /
         (2 * natural_log(settings.base));
}

void scale_as_yarn(const RopeSettings& settings, std::vector<double>& frequencies) {
  double low = yarn_dimension(settings, settings.beta_fast);
  double high = yarn_dimension(settings, settings.beta_slow);
  if (settings.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(settings.dimensions - 1));
  if (low == high) high += 0.001;
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double stretched = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    frequencies[i] = frequencies[i] / settings.factor * stretched + frequencies[i] * (1 - stretched);
  }
}

std::unexpected<Error> fail_setting(std::string_view what, double value) {
  return fail(ErrorCode::corrupt_data, fmt::format("rope: {} is {}", what, value));
}

Result<void> check(const RopeSettings& settings) {
  const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
  if (settings.dimensions <= 0 || settings.dimensions % 2 != 0) {
    return fail_setting("the count of turned dimensions", static_cast<double>(settings.dimensions));
  }
  if (!positive(settings.base) || settings.base <= 1) return fail_setting("the base", settings.base);
  if (!positive(settings.factor)) return fail_setting("the factor", settings.factor);
  if (settings.magnitude && !positive(*settings.magnitude))
    return fail_setting("the magnitude", *settings.magnitude);
  const bool needs_context = settings.scaling == RopeScaling::llama3 ||
                             settings.scaling == RopeScaling::yarn ||
                             settings.scaling == RopeScaling::longrope;
  if (needs_context && !positive(settings.original_context_length)) {
    return fail_setting("the original context length", settings.original_context_length);
  }
  if (settings.scaling == RopeScaling::llama3 &&
      !(positive(settings.low_frequency_factor) && positive(settings.high_frequency_factor) &&
        settings.high_frequency_factor > settings.low_frequency_factor)) {
    return fail_setting("the high frequency factor", settings.high_frequency_factor);
  }
  if (settings.scaling == RopeScaling::yarn &&
      !(positive(settings.beta_fast) && positive(settings.beta_slow))) {
    return fail_setting("yarn's beta", settings.beta_fast);
  }
  if (settings.scaling == RopeScaling::longrope && !(settings.original_context_length > 1)) {
    return fail_setting("the original context length", settings.original_context_length);
  }
  for (const std::vector<float>& divisors : {settings.divisors, settings.long_divisors}) {
    if (!divisors.empty() && std::ssize(divisors) != settings.dimensions / 2) {
      return fail_setting("the count of frequency factors", static_cast<double>(divisors.size()));
    }
    for (const float divisor : divisors) {
      if (!positive(static_cast<double>(divisor)))
        return fail_setting("a frequency factor", static_cast<double>(divisor));
    }
  }
  return {};
}

std::vector<float> divided(const std::vector<double>& frequencies, const std::vector<float>& divisors) {
  std::vector<float> result;
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double divisor = divisors.empty() ? 1.0 : static_cast<double>(divisors[i]);
    result.push_back(static_cast<float>(frequencies[i] / divisor));
  }
  return result;
}

// By how much the attention of a context that was stretched is sharpened (Ding et al. 2024).
double longrope_magnitude(const RopeSettings& settings) {
  if (settings.factor <= 1) return 1;
  return std::sqrt(1 + natural_log(settings.factor) / natural_log(settings.original_context_length));
}

}  // namespace

double yarn_magnitude(double factor, double scale) {
  return factor <= 1 ? 1.0 : 1.0 + 0.1 * scale * natural_log(factor);
}

Result<RopeConfig> make_rope(const RopeSettings& settings) {
  if (auto checked = check(settings); !checked) return fail(checked.error());
  std::vector<double> frequencies = plain_frequencies(settings);
  double magnitude = settings.magnitude.value_or(1.0);
  switch (settings.scaling) {
    case RopeScaling::none: break;
    case RopeScaling::linear:
      for (double& frequency : frequencies) frequency /= settings.factor;
      break;
    case RopeScaling::llama3: scale_as_llama3(settings, frequencies); break;
    case RopeScaling::yarn:
      scale_as_yarn(settings, frequencies);
      magnitude = settings.magnitude.value_or(yarn_magnitude(settings.factor, 1.0));
      break;
    case RopeScaling::longrope: magnitude = settings.magnitude.value_or(longrope_magnitude(settings)); break;
  }
  RopeConfig rope{.layout = settings.layout,
                  .inverse_frequencies = divided(frequencies, settings.divisors),
                  .magnitude = static_cast<float>(magnitude)};
  if (settings.scaling == RopeScaling::longrope) {
    rope.long_inverse_frequencies = divided(frequencies, settings.long_divisors);
    rope.short_context = static_cast<int64_t>(settings.original_context_length);
  }
  return rope;
}

void fit_ropes(ModelConfig& config, int64_t context_length) {
  for (RopeConfig& rope : config.ropes) {
    if (rope.long_inverse_frequencies.empty() || context_length <= rope.short_context) continue;
    rope.inverse_frequencies = rope.long_inverse_frequencies;
  }
}

}  // namespace shoal
