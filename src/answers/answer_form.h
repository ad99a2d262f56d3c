// What form an answer is to have, all that its grammar is made of, and what its reader has to know of the
// prompt in front of it. Plain data, equal for equal grammars and readers.
#pragma once

#include <cstdint>
#include <string>

#include "answers/call_format.h"
#include "grammar/output_format.h"

namespace shoal {

// none: no call is made or looked for. required: there is to be a call, named: of this function.
enum class ToolChoice : uint8_t { none, automatic, required, named };

struct ToolUse {
  ToolChoice choice = ToolChoice::none;
  std::string function = {};  // where it is named
  bool is_parallel = true;    // several calls in one answer
  // The tools as JSON, in the shape that ToolSet takes, where the answer is held to them or ends behind its
  // first call; else empty.
  std::string functions = {};

  bool operator==(const ToolUse&) const = default;
};

// Of the prompt. possible: the model may think before it answers.
enum class ThinkingState : uint8_t { none, possible, open };

struct AnswerForm {
  OutputFormat output = {};  // of the content
  AnswerStyle format = {};   // the model's
  ThinkingState thinking = ThinkingState::none;
  ToolUse tools = {};
  int64_t calls_before = 0;  // in the conversation

  bool operator==(const AnswerForm&) const = default;
};

struct AnswerOpening {
  AnswerStyle format = {};
  // The end of the prompt that belongs to the answer: opened thinking.
  std::string prefix = {};

  bool operator==(const AnswerOpening&) const = default;
};

}  // namespace shoal
