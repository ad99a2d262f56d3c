// The form that an answer must have: all that its grammar is made of, and what its reader must know about the
// prompt before it. Plain data; equal forms have equal grammars and readers.
#pragma once

#include <cstdint>
#include <string>

#include "answers/call_format.h"
#include "grammar/output_format.h"

namespace shoal {

// none: no call is made or looked for. required: the answer must call. named: it must call this function.
enum class ToolChoice : uint8_t { none, automatic, required, named };

struct ToolUse {
  ToolChoice choice = ToolChoice::none;
  std::string function = {};  // the function's name, when the choice is named
  bool is_parallel = true;    // several calls may be in one answer
  // The tools as JSON in the shape that ToolSet takes. Set only when the answer is held to them or ends after
  // its first call.
  std::string functions = {};

  bool operator==(const ToolUse&) const = default;
};

// Whether the prompt opens thinking; possible: the model may think before it answers.
enum class ThinkingState : uint8_t { none, possible, open };

struct AnswerForm {
  OutputFormat output = {};  // form of the content
  AnswerStyle format = {};   // how the model writes
  ThinkingState thinking = ThinkingState::none;
  ToolUse tools = {};
  int64_t calls_before = 0;  // calls in the conversation so far

  bool operator==(const AnswerForm&) const = default;
};

struct AnswerOpening {
  AnswerStyle format = {};
  // The end of the prompt that belongs to the answer, such as opened thinking.
  std::string prefix = {};

  bool operator==(const AnswerOpening&) const = default;
};

}  // namespace shoal
