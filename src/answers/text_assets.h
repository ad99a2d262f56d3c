// All that a model's files say about text: tokenizer, chat template, defaults of generation.
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

// generation_config.json, or a GGUF file's general.sampling, where there is one.
struct GenerationDefaults {
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<int64_t> top_k;
  std::optional<double> min_p;
  std::optional<double> repetition_penalty;
};

// A chat as a prompt, and what has to be known to read the answer.
struct OpenedChat {
  std::vector<TokenId> prompt;
  AnswerOpening opening;
};

struct TextAssets {
  std::unique_ptr<const Tokenizer> tokenizer;
  std::optional<ChatTemplate> chat_template;
  std::string chat_template_problem;  // why there is none
  std::string bos_text;               // as the template sees bos_token and eos_token
  std::string eos_text;
  GenerationDefaults defaults;
  AnswerStyle answer_format;           // how this model writes thinking and tool calls
  std::vector<TokenId> markup_tokens;  // the special tokens among its marks: text of a chat's answer
  ArgumentForm argument_form = ArgumentForm::object;
  std::shared_ptr<AnswerGrammars> answer_grammars = std::make_shared<AnswerGrammars>();  // over the tokenizer

  // The prompt of a chat as token ids, bos added where the model wants it and the template has not written
  // it. `context` as ChatTemplate::render takes it; bos_token and eos_token are set here. Special tokens come
  // from the template only: the context's words never become one.
  Result<std::vector<TokenId>> chat_prompt(const Value& context) const;
  // The same for a request with tools. Where the template takes none, words in the system's message tell
  // them. invalid_argument where the prompt is far longer than the model's context, whose tokens are not all
  // made then.
  Result<OpenedChat> open_chat(const Value& context, const ToolUse& tools, int64_t context_length) const;
  // How a chat's answer is read that follows the prompt, and what form it has.
  AnswerOpening opening_of(std::span<const TokenId> prompt, const ToolUse& tools) const;
  AnswerForm form_of(std::span<const TokenId> prompt, const ToolUse& tools, OutputFormat output) const;
  Result<std::string> render_chat(const Value& context) const;
  // The ids of plain text for /v1/completions, bos added where the model wants it; the same refusal.
  Result<std::vector<TokenId>> plain_prompt(std::string_view text, int64_t context_length) const;
};

// `model` is a GGUF file or a Hugging Face folder. A chat template that is wrong is no error here, since the
// model can still complete texts.
Result<TextAssets> load_text_assets(const std::filesystem::path& model);

}  // namespace shoal
