// A chat in the API's shape → in the shape that a model's template takes where it knows of tools.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/calls/answer_opening.h"
#include "text/calls/tool_use.h"
#include "text/chat_template.h"
#include "text/value.h"

namespace shoal {

// In which form a template wants the arguments of calls that were made.
enum class ArgumentForm : uint8_t { object, text };

// By trying: most take objects, some join texts.
ArgumentForm find_argument_form(const ChatTemplate& chat_template, const AnswerFormat& format);

// Tool calls come with their arguments as `form` says, ids as the family writes them, thinking under the name
// that the template knows, one call a message where it takes no more. All else stays.
Value adapt_chat_context(Value context, const AnswerFormat& format, ArgumentForm form);

// What the answer begins with: at the prompt's end, or to be put there.
struct OpeningText {
  std::string already;     // the prompt ends with it
  std::string forced;      // the prompt is to be continued with it
  int64_t name_begin = 0;  // in `forced`: where the function is named, in the client's words
};
OpeningText find_opening(std::string_view prompt, const AnswerFormat& format, const ToolUse& use);

}  // namespace shoal
