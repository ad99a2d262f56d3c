// Reads the body of POST /v1/completions. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "api/api_error.h"
#include "api/generation_options.h"
#include "service/peer_messages.h"

namespace shoal {

struct CompletionRequest {
  GenerationOptions options;
  std::vector<Prompt> prompts;  // PromptText or PromptTokens, at least one
  bool echoes = false;          // each answer begins with its prompt, which then is PromptText
};

ApiResult<CompletionRequest> parse_completion_request(std::string_view body);

}  // namespace shoal
