// Reads the body of POST /v1/chat/completions. Pure.
#pragma once

#include <string_view>

#include "api/api_error.h"
#include "api/chat_tools.h"
#include "api/generation_options.h"
#include "json/value.h"

namespace shoal {

struct ChatRequest {
  GenerationOptions options;
  Value::Object template_fields;  // what the template sees besides messages and tools
  // Objects with role and content (a string), as chat templates take them; at least one.
  Value::Array messages;
  ChatTools tools;
};

// Ignores unknown fields. A wrong field, or one that asks for something that does not work yet, is a 400 that
// names it.
ApiResult<ChatRequest> parse_chat_request(std::string_view body);

// The context of the model's chat template as JSON. `system_prompt` goes in front of messages without a
// system message.
std::string make_chat_context(const ChatRequest& request, const std::optional<std::string>& system_prompt);

}  // namespace shoal
