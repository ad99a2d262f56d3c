// Chooses a token by its logits. Pure: the same logits, history and settings give the same token on any
// machine. The order of operations is that of OpenAI and vLLM: repetition, frequency and presence penalties
// and logit_bias, temperature, min_p, top_k, top_p.
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
  double temperature = 1.0;  // 0: the token with the largest logit, of equal ones the lowest id
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
  std::span<const TokenId> forbidden;  // for example end tokens before min_tokens
  // When not empty, only tokens t whose bit (t % 64 of word t / 64) is set may be chosen; at least one of
  // them must not be forbidden.
  std::span<const uint64_t> allowed = {};
  // When not empty, only ids whose bit is set stand for tokens; the others are rows of a padded output matrix
  // and are left out of everything, logprobs included.
  std::span<const uint64_t> tokens = {};
};

struct TokenProbability {
  TokenId token;
  float logprob;  // natural logarithm of its softmax over the unchanged logits
};

struct Sample {
  TokenProbability token;
  std::vector<TokenProbability> top;  // the most likely tokens, the likeliest first
};

// logits: [vocabulary_size]. `top_logprobs` is the size of Sample::top; nullopt: no logprobs are computed,
// and token.logprob is 0. The random number is uniform_draw({seed, choice_index, position = prompt + output
// size, DrawPurpose::sample}).
//
// Any finite settings give a token, sensible or not: the likeliest one is never cut, and a temperature below
// 0 counts as 0. invalid_argument when a setting is not finite; internal when a logit is not finite or no id
// stands for a token.
Result<Sample> sample_token(std::span<const float> logits, const SamplingSettings& settings,
                            const SampleContext& context, std::optional<int64_t> top_logprobs);

// The probabilities that sample_token draws from, [vocabulary_size], zero for tokens that were cut; same
// errors. For tests and for speculation.
Result<std::vector<double>> sampling_probabilities(std::span<const float> logits,
                                                   const SamplingSettings& settings,
                                                   const SampleContext& context);

}  // namespace shoal
