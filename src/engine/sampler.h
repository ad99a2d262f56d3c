// Logits → a token. Pure: the same logits, history and draw give the same token on any machine. The order of
// operations is that of OpenAI and vLLM: repetition, frequency and presence penalties and logit_bias,
// temperature, min_p, top_k, top_p.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace shoal {

struct SamplingSettings {
  double temperature = 1.0;  // 0: the largest logit, ties to the lowest id
  int64_t top_k = 0;         // 0: off
  double top_p = 1.0;
  double min_p = 0.0;
  double repetition_penalty = 1.0;
  double presence_penalty = 0.0;
  double frequency_penalty = 0.0;
  std::map<TokenId, double> logit_bias;
  uint64_t seed = 0;

  bool operator==(const SamplingSettings&) const = default;
};

struct SampleContext {
  std::span<const TokenId> prompt;
  std::span<const TokenId> output;  // tokens generated so far
  uint32_t choice_index;
  std::span<const TokenId> forbidden;  // end tokens before min_tokens, or with ignore_end_tokens
  // Empty: all tokens. Else only those whose bit (t % 64 of word t / 64) is set; at least one that is not
  // forbidden.
  std::span<const uint64_t> allowed = {};
  // Empty: every id stands for a token. Else only those whose bit is set do; the others, rows of a padded
  // output matrix, take no part in anything.
  std::span<const uint64_t> tokens = {};
};

struct TokenProbability {
  TokenId token;
  float logprob;  // natural logarithm of the softmax of the unchanged logits
};

struct Sample {
  TokenProbability token;
  std::vector<TokenProbability> top;  // the most likely first, as many as asked for
};

// `top_logprobs` nullopt: no logprobs are computed (token.logprob is 0). The random number is
// uniform_draw({seed, choice_index, position = prompt + output size, DrawPurpose::sample}).
// Any finite settings have a result, sensible or not: the likeliest token is never cut, a temperature below 0
// counts as 0. invalid_argument for settings that are not finite, internal for such logits or where no id
// stands for a token.
Result<Sample> sample_token(std::span<const float> logits, const SamplingSettings& settings,
                            const SampleContext& context, std::optional<int64_t> top_logprobs);

// The probabilities that sample_token draws from, zero for what was cut; for tests and for speculation.
Result<std::vector<double>> sampling_probabilities(std::span<const float> logits,
                                                   const SamplingSettings& settings,
                                                   const SampleContext& context);

}  // namespace shoal
