// Renders messages as the text that a model was trained on, by the model's own Jinja template.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/value.h"
#include "tokens/tokenizer.h"

namespace shoal {

// A rendered prompt. What came from the context (a user's words, tools, names) is marked, so that special
// tokens are parsed only from what the template itself wrote.
struct RenderedChat {
  std::string text;
  std::vector<TextRange> from_context;  // ascending, not overlapping
};

class ChatTemplate {
 public:
  // invalid_argument with line and message when `source` is no template.
  static Result<ChatTemplate> parse(std::string_view source);
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // `context` is an object: messages, add_generation_prompt, bos_token, eos_token, tools … invalid_argument
  // with line and message when the template raises an error (raise_exception), fails or exceeds its limits.
  // Any thread may call.
  Result<std::string> render(const Value& context) const;
  // As render(). The context's members bos_token and eos_token count as the template's text, and so does a
  // "role" that is one plain word.
  Result<RenderedChat> render_marked(const Value& context) const;

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

}  // namespace shoal
