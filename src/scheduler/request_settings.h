// The settings of answers that a client may choose, declared once: api reads them, the wire between nodes
// carries them, and they reach the scheduler as they were asked for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "grammar/output_format.h"

namespace shoal {

// The settings of sampling. The head fills in what the client left open, see choose_sampling().
struct SamplingWishes {
  std::optional<double> temperature, top_p, min_p, repetition_penalty, presence_penalty, frequency_penalty;
  std::optional<int64_t> top_k;
  std::map<TokenId, double> logit_bias;
  std::optional<double> default_temperature;  // --default-temp of the ingress
};

struct RequestSettings {
  SamplingWishes sampling;
  std::optional<uint64_t> seed;  // nullopt: the ingress draws one and keeps it
  uint32_t choice_count = 1;
  std::optional<int64_t> max_tokens;  // of each completion; nullopt: what the context has room for
  int64_t min_tokens = 0;
  bool ignore_end_tokens = false;
  std::vector<std::string> stop_strings;
  std::vector<TokenId> stop_tokens;  // besides the model's own end tokens
  OutputFormat output;
  std::optional<int64_t> top_logprobs;  // nullopt: no logprobs; 0 … 20 alternatives besides the token's own
};

}  // namespace shoal
