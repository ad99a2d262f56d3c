// Reads the members of a chat request that only the model's template understands.
#pragma once

#include "api/request_fields.h"

namespace shoal {

// Reads add_generation_prompt (true unless the last message is continued), continue_final_message, documents,
// enable_thinking, reasoning_effort and all of chat_template_kwargs, as the template's context takes them.
Value::Object read_template_fields(RequestFields& fields);

}  // namespace shoal
