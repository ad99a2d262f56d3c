// What form an answer is to have: all that its grammar is made of. Plain data, equal for equal grammars.
#pragma once

#include <cstdint>

#include "text/calls/call_format.h"
#include "text/calls/tool_use.h"
#include "text/grammar/output_format.h"

namespace shoal {

// Of the prompt. possible: the model may think before it answers.
enum class ThinkingState : uint8_t { none, possible, open };

struct AnswerForm {
  OutputFormat output = {};  // of the content
  AnswerFormat format = {};  // the model's
  ThinkingState thinking = ThinkingState::none;
  ToolUse tools = {};
  int64_t calls_before = 0;  // in the conversation

  bool operator==(const AnswerForm&) const = default;
};

}  // namespace shoal
