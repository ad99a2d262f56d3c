// An answer that goes on with the conversation's last message, as Hugging Face's continue_final_message has
// it: the prompt ends where that message's words end, whatever the template writes behind them.
#pragma once

#include "templates/chat_template.h"

namespace shoal {

// Whether `context` asks for it.
bool continues_last_message(const Value& context);

// invalid_argument where the last message has no words, or the template does not show them.
Result<void> cut_behind_last_message(const Value& context, RenderedChat& chat);

}  // namespace shoal
