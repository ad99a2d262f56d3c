// A chat in the API's shape → in the shape that a model's template takes where it knows of tools.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "answers/answer_form.h"
#include "json/value.h"
#include "templates/chat_template.h"

namespace shoal {

// In which form a template wants the arguments of calls that were made.
enum class ArgumentForm : uint8_t { object, text };

// By trying: most take objects, some join texts.
ArgumentForm find_argument_form(const ChatTemplate& chat_template, const AnswerStyle& format);

// Tool calls come with their arguments as `form` says, ids as the family writes them, thinking under the name
// that the template knows, one call a message where it takes no more. All else stays.
Value adapt_chat_context(Value context, const AnswerStyle& format, ArgumentForm form);

// How the end of a prompt opens the answer.
struct PromptEnd {
  ThinkingState thinking = ThinkingState::none;
  std::string already = {};  // of the answer, in the prompt
};
PromptEnd read_prompt_end(std::string_view prompt, const AnswerStyle& format);

}  // namespace shoal
