// How the model families write tool calls and thinking, one row of data each. A model's row is chosen once,
// by its chat template and its special tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "answers/call_reader.h"
#include "tokens/tokenizer.h"

namespace shoal {

// In the order of the table. Nodes send each other the numbers.
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

// The style of the marks before and after thinking.
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
  bool is_bare = false;       // counts only where the answer begins, or right after a call
  std::string_view replayed;  // the part of the marker that the reader must see as well
  CallNotation notation;
};

// How a well-written call looks: a grammar holds forced calls to it. White space marks where some may be, ~
// where a line must end, # the count of the conversation's calls, and @ an optional id.
struct CallWriting {
  std::string_view section_begin = {};  // before all calls of an answer
  std::string_view before_name = {};
  std::string_view after_name = {};
  std::string_view after_arguments = {};
  std::string_view between = {};  // between two calls
  std::string_view section_end = {};
  std::string_view id_begin = {};
  std::string_view id_end = {};
};

struct CallFormat {
  CallStyle style;
  // A model has this row if all of `template_signs` are in its chat template and `token_sign`, unless empty,
  // is in its vocabulary.
  std::vector<std::string_view> template_signs;
  std::string_view token_sign;
  std::vector<CallOpener> openers;
  // Marks that are dropped around calls; elsewhere they are text.
  std::vector<std::string_view> brackets;
  std::string_view fence = {};  // dropped only right after a call
  CallWriting writing = {};
  CallIdStyle ids = CallIdStyle::call_random;
  bool has_one_call_a_message = false;  // the template takes one call in a message
  bool calls_end_thinking = false;
};

const CallFormat& call_format(CallStyle style);

AnswerStyle choose_answer_style(std::string_view chat_template, const Tokenizer& tokenizer);

// All marks by which the family's reader finds thinking and calls.
std::vector<std::string_view> markup_of(const AnswerStyle& format);

// The special tokens that an answer's reader must see as text.
std::vector<TokenId> find_markup_tokens(const AnswerStyle& format, const Tokenizer& tokenizer);

}  // namespace shoal
