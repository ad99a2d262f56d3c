// How the model families write tool calls and thinking: one row of data each. Which row a model needs is
// found once, from its chat template and its special tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "answers/call_reader.h"
#include "tokens/tokenizer.h"

namespace shoal {

// In the order of the table; nodes tell each other the number.
enum class CallStyle : uint8_t {
  none,  // the model is not known to call tools
  harmony,
  kimi,
  deepseek_v3,
  deepseek_v31,
  mistral_named,
  mistral_list,
  seed,
  qwen_coder,
  minimax,
  glm,
  nemotron,
  granite,
  phi,
  functools,
  liquid,
  hermes,
  llama4_python,
  llama_python,
  llama_json,
};
inline constexpr CallStyle last_call_style = CallStyle::llama_json;

// Marks in front of and behind the thinking.
enum class ThinkingStyle : uint8_t { none, angle, bracket };
inline constexpr ThinkingStyle last_thinking_style = ThinkingStyle::bracket;
struct ThinkingMarks {
  std::string_view open;
  std::string_view close;
};
ThinkingMarks thinking_marks(ThinkingStyle style);  // empty for none

struct AnswerStyle {
  CallStyle calls = CallStyle::none;
  ThinkingStyle thinking = ThinkingStyle::none;

  bool operator==(const AnswerStyle&) const = default;
};

enum class CallIdStyle : uint8_t { call_random, nine_letters };

struct CallOpener {
  std::string_view marker;
  bool is_bare = false;       // counts only where the answer, or what follows a call, begins
  std::string_view replayed;  // of the marker, what the reader is to see as well
  CallNotation notation;
};

// How calls are written by those who write them well: what a grammar holds a forced call to. White space
// stands where some may be, ~ where a line must end, # where the calls of the conversation are counted, and @
// where there may be an id.
struct CallWriting {
  std::string_view section_begin = {};  // in front of all calls of an answer
  std::string_view before_name = {};
  std::string_view after_name = {};
  std::string_view after_arguments = {};
  std::string_view between = {};  // of two calls
  std::string_view section_end = {};
  std::string_view id_begin = {};
  std::string_view id_end = {};
};

struct CallFormat {
  CallStyle style;
  // All of `template_signs` must be in the chat template, and `token_sign`, where there is one, in the
  // vocabulary.
  std::vector<std::string_view> template_signs;
  std::string_view token_sign;
  std::vector<CallOpener> openers;
  // Around calls, and dropped with them; elsewhere text.
  std::vector<std::string_view> brackets;
  std::string_view fence = {};  // dropped right behind a call only
  CallWriting writing = {};
  CallIdStyle ids = CallIdStyle::call_random;
  bool has_one_call_a_message = false;  // in the template
  bool calls_end_thinking = false;
};

const CallFormat& call_format(CallStyle style);

AnswerStyle choose_answer_style(std::string_view chat_template, const Tokenizer& tokenizer);

// Whatever marks thinking and calls for the family's reader.
std::vector<std::string_view> markup_of(const AnswerStyle& format);

// The special tokens that an answer's reader has to see as text.
std::vector<TokenId> find_markup_tokens(const AnswerStyle& format, const Tokenizer& tokenizer);

}  // namespace shoal
