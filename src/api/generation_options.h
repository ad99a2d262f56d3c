// What requests for text have in common, whatever their route: which model, how to sample, when to stop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/request_fields.h"
#include "service/peer_messages.h"

namespace shoal {

inline constexpr int64_t kMaximumChoices = 16;
inline constexpr int64_t kMaximumTopLogprobs = 20;

struct GenerationOptions {
  std::optional<std::string> model;
  SamplingWishes sampling;  // default_temperature is the server's, not set here
  std::optional<uint64_t> seed;
  uint32_t choice_count = 1;
  std::optional<int64_t> max_tokens;
  int64_t min_tokens = 0;
  bool ignore_end_tokens = false;
  std::vector<std::string> stop_strings;
  OutputFormat output;
  std::optional<int64_t> top_logprobs;  // each route has its own way to ask for them
  bool is_stream = false;
  bool includes_usage = false;  // in the stream's last event
};

// Everything but max_tokens and logprobs.
GenerationOptions read_generation_options(RequestFields& fields, std::optional<ApiError>& error);

}  // namespace shoal
