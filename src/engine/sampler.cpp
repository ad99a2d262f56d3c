#include "engine/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "base/random.h"
#include "kernels/kernels.h"
#include "kernels/math.h"

namespace shoal {
namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

const Kernels& sampling_kernels() {
  // All tables give the same bits; this is the fastest that runs here.
  static const Kernels& kernels = kernels_for(choose_isa().value_or(Isa::reference));
  return kernels;
}

template <class T>
TokenId first_largest(std::span<const T> values) {
  return static_cast<TokenId>(std::max_element(values.begin(), values.end()) - values.begin());
}

bool changes_logits(const SamplingSettings& settings, const SampleContext& context) {
  return settings.repetition_penalty != 1.0 || settings.presence_penalty != 0.0 ||
         settings.frequency_penalty != 0.0 || !settings.logit_bias.empty() || !context.forbidden.empty() ||
         !context.allowed.empty();
}

bool has_bit(std::span<const uint64_t> bits, size_t index) {
  return index / 64 < bits.size() && (bits[index / 64] >> (index % 64) & 1) != 0;
}

bool is_token(const SampleContext& context, size_t id) {
  return context.tokens.empty() || has_bit(context.tokens, id);
}

// The id of the largest logit among those that stand for a token.
TokenId likeliest(std::span<const float> logits, const SampleContext& context) {
  if (context.tokens.empty()) return first_largest(logits);
  size_t best = logits.size();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (has_bit(context.tokens, i) && (best == logits.size() || logits[i] > logits[best])) best = i;
  }
  return static_cast<TokenId>(best);
}

Result<void> check_settings(const SamplingSettings& settings) {
  const auto check = [](std::string_view name, double value) -> Result<void> {
    if (std::isfinite(value)) return {};
    return fail(ErrorCode::invalid_argument, fmt::format("{} is {}, which is no finite number", name, value));
  };
  for (const auto& [name, value] :
       {std::pair("temperature", settings.temperature), std::pair("top_p", settings.top_p),
        std::pair("min_p", settings.min_p), std::pair("repetition_penalty", settings.repetition_penalty),
        std::pair("presence_penalty", settings.presence_penalty),
        std::pair("frequency_penalty", settings.frequency_penalty)}) {
    if (Result<void> checked = check(name, value); !checked) return checked;
  }
  for (const auto& [token, bias] : settings.logit_bias) {
    if (Result<void> checked = check(fmt::format("logit_bias of token {}", token), bias); !checked)
      return checked;
  }
  return {};
}

Result<void> check(std::span<const float> logits, const SamplingSettings& settings,
                   const SampleContext& context) {
  if (Result<void> checked = check_settings(settings); !checked) return checked;
  if (!std::ranges::all_of(logits, [](float logit) { return std::isfinite(logit); }))
    return fail(ErrorCode::internal, "a logit is not finite: the model's weights may be damaged");
  for (size_t i = 0; i < logits.size(); ++i) {
    if (is_token(context, i)) return {};
  }
  return fail(ErrorCode::internal, fmt::format("none of {} logits stands for a token", logits.size()));
}

// Logits after penalties, biases and prohibitions, indexed by token. Changes to tokens outside the vocabulary
// are ignored. Values stay finite, whatever they are multiplied with, until they are forbidden.
class AdjustedLogits {
 public:
  explicit AdjustedLogits(std::span<const float> logits) : values_(logits.begin(), logits.end()) {}

  void penalize_repetition(const SampleContext& context, double penalty) {
    if (penalty == 1.0) return;
    std::vector<TokenId> seen(context.prompt.begin(), context.prompt.end());
    seen.insert(seen.end(), context.output.begin(), context.output.end());
    std::ranges::sort(seen);
    const auto repeated = std::ranges::unique(seen);
    seen.erase(repeated.begin(), repeated.end());
    for (const TokenId token : seen) {
      if (double* const value = find(token))
        *value = bounded(*value > 0 ? *value / penalty : *value * penalty);
    }
  }

  void penalize_output(std::span<const TokenId> output, double frequency, double presence) {
    if (frequency == 0.0 && presence == 0.0) return;
    std::vector<TokenId> sorted(output.begin(), output.end());
    std::ranges::sort(sorted);
    for (auto run = sorted.begin(); run != sorted.end();) {
      const auto end = std::upper_bound(run, sorted.end(), *run);
      if (double* const value = find(*run))
        *value = bounded(*value - bounded(frequency * static_cast<double>(end - run) + presence));
      run = end;
    }
  }

  void add(TokenId token, double bias) {
    if (double* const value = find(token)) *value = bounded(*value + bias);
  }

  void forbid(TokenId token) {
    if (double* const value = find(token)) *value = minus_infinity;
  }

  void allow_only(std::span<const uint64_t> allowed) {
    for (size_t i = 0; i < values_.size(); ++i) {
      if (!has_bit(allowed, i)) values_[i] = minus_infinity;
    }
  }

  std::span<const double> values() const { return values_; }

 private:
  static double bounded(double value) {
    constexpr double limit = 1e300;
    return std::clamp(value, -limit, limit);
  }
  double* find(TokenId token) {
    return token >= 0 && token < std::ssize(values_) ? &values_[static_cast<size_t>(token)] : nullptr;
  }

  std::vector<double> values_;
};

AdjustedLogits adjust(std::span<const float> logits, const SamplingSettings& settings,
                      const SampleContext& context) {
  AdjustedLogits adjusted(logits);
  adjusted.penalize_repetition(context, settings.repetition_penalty);
  adjusted.penalize_output(context.output, settings.frequency_penalty, settings.presence_penalty);
  for (const auto& [token, bias] : settings.logit_bias) adjusted.add(token, bias);
  for (const TokenId token : context.forbidden) adjusted.forbid(token);
  if (!context.allowed.empty()) adjusted.allow_only(context.allowed);
  if (!context.tokens.empty()) adjusted.allow_only(context.tokens);
  return adjusted;
}

// The `count` candidates with the largest values, largest first, equal ones in ascending order; `candidates`
// ascends. One pass with a small buffer: a vocabulary has far more tokens than are ever wanted.
std::vector<TokenId> largest(std::span<const float> values, std::span<const TokenId> candidates,
                             int64_t count) {
  const auto comes_first = [&](TokenId a, TokenId b) {
    const float x = values[static_cast<size_t>(a)];
    const float y = values[static_cast<size_t>(b)];
    return x != y ? x > y : a < b;
  };
  const auto wanted = static_cast<size_t>(std::min(count, std::ssize(candidates)));
  if (wanted == 0) return {};
  std::vector<TokenId> best;
  best.reserve(2 * wanted + 64);
  float threshold = -std::numeric_limits<float>::infinity();
  const auto shrink = [&] {
    std::nth_element(best.begin(), best.begin() + static_cast<int64_t>(wanted) - 1, best.end(), comes_first);
    best.resize(wanted);
    threshold = values[static_cast<size_t>(best.back())];
  };
  for (const TokenId token : candidates) {
    // Candidates ascend, so a later equal one never displaces an earlier one.
    if (values[static_cast<size_t>(token)] <= threshold && best.size() >= wanted) continue;
    best.push_back(token);
    if (best.size() == 2 * wanted + 64) shrink();
  }
  if (best.size() > wanted) shrink();
  std::ranges::sort(best, comes_first);
  return best;
}

double sum_of(std::span<const float> probabilities, std::span<const TokenId> tokens) {
  double sum = 0;
  for (const TokenId token : tokens) sum += static_cast<double>(probabilities[static_cast<size_t>(token)]);
  return sum;
}

// The smallest set of most probable tokens whose sum reaches `top_p` times the sum of all.
std::vector<TokenId> cut_by_sum(std::span<const float> probabilities, std::span<const TokenId> tokens,
                                double top_p) {
  const double wanted = top_p * sum_of(probabilities, tokens);
  for (int64_t count = 64;; count *= 8) {
    std::vector<TokenId> sorted = largest(probabilities, tokens, count);
    double before = 0;
    for (size_t i = 0; i < sorted.size(); ++i) {
      before += static_cast<double>(probabilities[static_cast<size_t>(sorted[i])]);
      if (before >= wanted) {
        sorted.resize(i + 1);
        return sorted;
      }
    }
    if (std::ssize(sorted) == std::ssize(tokens)) return sorted;
  }
}

// The tokens that may be drawn, ascending, and their weights, which need not sum to 1.
struct Distribution {
  std::vector<float> probabilities;  // [vocabulary]
  std::vector<TokenId> kept;
};

Distribution distribution_of(std::span<const double> logits, const SamplingSettings& settings) {
  const double highest = *std::ranges::max_element(logits);
  Distribution result;
  result.probabilities.resize(logits.size());
  std::vector<float> scaled(logits.size());
  constexpr double lowest = -1e30;  // far below where exp gives 0
  for (size_t i = 0; i < logits.size(); ++i) {
    scaled[i] = static_cast<float>(std::max((logits[i] - highest) / settings.temperature, lowest));
  }
  sampling_kernels().softmax(scaled.data(), std::ssize(scaled), result.probabilities.data());

  std::vector<TokenId>& kept = result.kept;
  const double threshold =
      std::min(settings.min_p, 1.0) * static_cast<double>(*std::ranges::max_element(result.probabilities));
  for (size_t i = 0; i < logits.size(); ++i) {
    if (static_cast<double>(result.probabilities[i]) >= threshold) kept.push_back(static_cast<TokenId>(i));
  }
  if (settings.top_k > 0 && settings.top_k < std::ssize(kept)) {
    kept = largest(scaled, kept, settings.top_k);
    std::ranges::sort(kept);
  }
  if (settings.top_p < 1.0) {
    kept = cut_by_sum(result.probabilities, kept, settings.top_p);
    std::ranges::sort(kept);
  }
  return result;
}

TokenId draw(const Distribution& distribution, double uniform) {
  const double target = uniform * sum_of(distribution.probabilities, distribution.kept);
  double sum = 0;
  TokenId last = distribution.kept.front();
  for (const TokenId token : distribution.kept) {
    const auto probability = static_cast<double>(distribution.probabilities[static_cast<size_t>(token)]);
    if (probability == 0) continue;
    sum += probability;
    last = token;
    if (sum > target) return token;
  }
  return last;
}

// The token that needs no draw: the largest at temperature 0, and the likeliest of all when every token is
// forbidden.
std::optional<TokenId> certain_token(std::span<const float> logits, std::span<const double> adjusted,
                                     const SamplingSettings& settings, const SampleContext& context) {
  const TokenId best = first_largest(adjusted);
  if (adjusted[static_cast<size_t>(best)] == minus_infinity) return likeliest(logits, context);
  return settings.temperature <= 0 ? std::optional(best) : std::nullopt;
}

TokenId choose(std::span<const float> logits, const SamplingSettings& settings,
               const SampleContext& context) {
  if (settings.temperature <= 0 && !changes_logits(settings, context)) return likeliest(logits, context);
  const AdjustedLogits adjusted = adjust(logits, settings, context);
  if (const auto token = certain_token(logits, adjusted.values(), settings, context)) return *token;
  const auto position = static_cast<uint64_t>(context.prompt.size() + context.output.size());
  return draw(distribution_of(adjusted.values(), settings),
              uniform_draw({.seed = settings.seed,
                            .choice_index = context.choice_index,
                            .position = position,
                            .purpose = DrawPurpose::sample}));
}

// Logarithms of the softmax over the unchanged logits of the ids that stand for tokens.
class Logprobs {
 public:
  Logprobs(std::span<const float> logits, const SampleContext& context)
      : logits_(logits.begin(), logits.end()), best_(static_cast<size_t>(likeliest(logits, context))) {
    for (size_t i = 0; i < logits_.size(); ++i) {
      if (is_token(context, i)) {
        tokens_.push_back(static_cast<TokenId>(i));
      } else {
        logits_[i] = -std::numeric_limits<float>::infinity();
      }
    }
    std::vector<float> probabilities(logits_.size());
    sampling_kernels().softmax(logits_.data(), std::ssize(logits_), probabilities.data());
    // The largest logit's probability is 1 / sum of exp(logit - largest).
    log_of_best_ = log_f32(probabilities[best_]);
  }

  TokenProbability of(TokenId token) const {
    const float logprob = (logits_[static_cast<size_t>(token)] - logits_[best_]) + log_of_best_;
    return {.token = token, .logprob = std::max(logprob, std::numeric_limits<float>::lowest())};
  }
  std::vector<TokenProbability> top(int64_t count) const {
    std::vector<TokenProbability> result;
    if (count <= 0) return result;
    for (const TokenId token : largest(logits_, tokens_, count)) result.push_back(of(token));
    return result;
  }

 private:
  std::vector<float> logits_;
  std::vector<TokenId> tokens_;  // ascending
  size_t best_;
  float log_of_best_;
};

}  // namespace

Result<Sample> sample_token(std::span<const float> logits, const SamplingSettings& settings,
                            const SampleContext& context, std::optional<int64_t> top_logprobs) {
  if (Result<void> checked = check(logits, settings, context); !checked) return fail(checked.error());
  const TokenId token = choose(logits, settings, context);
  if (!top_logprobs) return Sample{.token = {.token = token, .logprob = 0}, .top = {}};
  const Logprobs logprobs(logits, context);
  return Sample{.token = logprobs.of(token), .top = logprobs.top(*top_logprobs)};
}

Result<std::vector<double>> sampling_probabilities(std::span<const float> logits,
                                                   const SamplingSettings& settings,
                                                   const SampleContext& context) {
  if (Result<void> checked = check(logits, settings, context); !checked) return fail(checked.error());
  std::vector<double> result(logits.size(), 0.0);
  const AdjustedLogits adjusted = adjust(logits, settings, context);
  if (const auto token = certain_token(logits, adjusted.values(), settings, context)) {
    result[static_cast<size_t>(*token)] = 1.0;
    return result;
  }
  const Distribution distribution = distribution_of(adjusted.values(), settings);
  const double sum = sum_of(distribution.probabilities, distribution.kept);
  for (const TokenId token : distribution.kept) {
    const auto index = static_cast<size_t>(token);
    result[index] = static_cast<double>(distribution.probabilities[index]) / sum;
  }
  return result;
}

}  // namespace shoal
