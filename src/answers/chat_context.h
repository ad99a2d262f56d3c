// Turns a chat from the API's shape into the shape that a model's template takes for tools.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "answers/answer_form.h"
#include "json/value.h"
#include "templates/chat_template.h"

namespace shoal {

// The form in which a template takes the arguments of earlier calls.
enum class ArgumentForm : uint8_t { object, text };

// Found by trying the template: most take objects, some join texts.
ArgumentForm find_argument_form(const ChatTemplate& chat_template, const AnswerStyle& format);

// Gives arguments in the given form, ids as the family writes them, thinking under the template's name for
// it, and one call a message if the template takes no more. Everything else stays.
Value adapt_chat_context(Value context, const AnswerStyle& format, ArgumentForm form);

// How the end of a prompt opens the answer.
struct PromptEnd {
  ThinkingState thinking = ThinkingState::none;
  std::string already = {};  // the answer's beginning that is in the prompt
};
PromptEnd read_prompt_end(std::string_view prompt, const AnswerStyle& format);

}  // namespace shoal
