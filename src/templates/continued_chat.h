// An answer that continues the conversation's last message, like Hugging Face's continue_final_message: the
// prompt ends where that message's words end, whatever the template writes after them.
#pragma once

#include "templates/chat_template.h"

namespace shoal {

// Whether `context` asks for such an answer.
bool continues_last_message(const Value& context);

// invalid_argument when the last message has no words, or the template does not show them.
Result<void> cut_behind_last_message(const Value& context, RenderedChat& chat);

}  // namespace shoal
