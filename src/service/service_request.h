// One request as api hands it over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/peer_messages.h"

namespace shoal {

struct ServiceRequest {
  RequestId request;
  std::string model;
  Prompt prompt;
  ToolUse tools = {};
  SamplingWishes sampling;
  std::optional<uint64_t> seed;  // nullopt: drawn once, here
  uint32_t choice_count = 1;
  std::optional<int64_t> max_tokens;
  int64_t min_tokens = 0;
  bool ignore_end_tokens = false;
  std::vector<std::string> stop_strings;
  std::vector<TokenId> stop_tokens = {};
  OutputFormat output = {};
  std::optional<int64_t> top_logprobs;
};

}  // namespace shoal
