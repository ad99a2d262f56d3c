// The body of POST /v1/chat/completions → a plain struct. Pure.
#pragma once

#include <string_view>

#include "api/api_error.h"
#include "api/chat_tools.h"
#include "api/generation_options.h"
#include "json/value.h"

namespace shoal {

struct ChatRequest {
  GenerationOptions options;
  Value::Object template_fields;  // add_generation_prompt and what else the template sees besides messages
  // Objects with role and content (a string), in the shape chat templates take; at least one.
  Value::Array messages;
  ChatTools tools;
};

// An unknown field is ignored; a wrong one, or one that asks for what does not work yet, is a 400 that names
// it.
ApiResult<ChatRequest> parse_chat_request(std::string_view body);

// The context of the model's chat template as JSON, `system_prompt` put before messages that have no system
// message.
std::string make_chat_context(const ChatRequest& request, const std::optional<std::string>& system_prompt);

}  // namespace shoal
