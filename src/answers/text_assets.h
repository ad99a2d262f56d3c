// All that a model's files say about text: tokenizer, chat template, defaults for generation.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "answers/answer_form.h"
#include "answers/answer_grammar.h"
#include "answers/chat_context.h"
#include "base/error.h"
#include "templates/chat_template.h"
#include "tokens/tokenizer.h"

namespace shoal {

// From generation_config.json or a GGUF file's general.sampling keys; nullopt when these do not say.
struct GenerationDefaults {
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<int64_t> top_k;
  std::optional<double> min_p;
  std::optional<double> repetition_penalty;
};

// A chat as a prompt, and what must be known to read the answer.
struct OpenedChat {
  std::vector<TokenId> prompt;
  AnswerOpening opening;
};

struct TextAssets {
  std::unique_ptr<const Tokenizer> tokenizer;
  std::optional<ChatTemplate> chat_template;
  std::string chat_template_problem;  // why there is no chat_template
  std::string bos_text;               // what the template sees as bos_token
  std::string eos_text;
  GenerationDefaults defaults;
  AnswerStyle answer_format;  // how this model writes thinking and tool calls
  std::vector<TokenId>
      markup_tokens;  // the special tokens among its marks, which are text of a chat's answer
  ArgumentForm argument_form = ArgumentForm::object;
  std::shared_ptr<AnswerGrammars> answer_grammars = std::make_shared<AnswerGrammars>();  // over the tokenizer

  // The prompt of a chat as token ids; bos is added if the model wants it and the template has not written
  // it. `context` is that of ChatTemplate::render, but bos_token and eos_token are set here. Special tokens
  // come from the template only: the context's words never become one.
  Result<std::vector<TokenId>> chat_prompt(const Value& context) const;
  // As chat_prompt(), for a request with tools; if the template takes none, words in the system message
  // describe them. invalid_argument when the prompt exceeds `context_length` by more than 65,536 tokens,
  // which are then not all made. Whether a shorter prompt fits is left to the caller.
  Result<OpenedChat> open_chat(const Value& context, const ToolUse& tools, int64_t context_length) const;
  // How to read the chat answer that follows the prompt, and the form that it must have.
  AnswerOpening opening_of(std::span<const TokenId> prompt, const ToolUse& tools) const;
  AnswerForm form_of(std::span<const TokenId> prompt, const ToolUse& tools, OutputFormat output) const;
  Result<std::string> render_chat(const Value& context) const;
  // The ids of plain text for /v1/completions; bos is added if the model wants it. Fails as open_chat() does.
  Result<std::vector<TokenId>> plain_prompt(std::string_view text, int64_t context_length) const;
};

// `model` is a GGUF file or a Hugging Face folder. A wrong chat template is no error here (see
// chat_template_problem), since the model can still complete texts.
Result<TextAssets> load_text_assets(const std::filesystem::path& model);

}  // namespace shoal
