// Messages → the text a model was trained on, by the model's own Jinja template.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/value.h"

namespace shoal {

class ChatTemplate {
 public:
  // invalid_argument with line and message when the source is no template.
  static Result<ChatTemplate> parse(std::string_view source);
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // `context` is an object: messages, add_generation_prompt, bos_token, eos_token, tools … A template's own
  // error (raise_exception) is an invalid_argument with its line and message. Any thread.
  Result<std::string> render(const Value& context) const;

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

}  // namespace shoal
