// Splits a model's answer into thinking, content and tool calls while it arrives. A pure state machine over
// bytes: however the stream is cut into pieces, the events are the same once neighbours of one kind are
// joined. What is no well-formed call becomes content, byte for byte.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "answers/answer_event.h"
#include "answers/call_format.h"
#include "answers/tool_set.h"

namespace shoal {

class AnswerParser {
 public:
  virtual ~AnswerParser() = default;

  // The events that `text` completes; neighbours of one kind are joined. If `text` consists of whole
  // characters, so do the events' texts.
  virtual std::vector<AnswerEvent> push(std::string_view text) = 0;
  // Ends the answer; push() may not be called again. If the answer was cut, no part of a call becomes
  // content: a call that had begun stays as far as it came, without a call_end.
  virtual std::vector<AnswerEvent> finish(TextEnd end = TextEnd::whole) = 0;
};

// With an empty `tools`, calls are not looked for.
std::unique_ptr<AnswerParser> make_answer_parser(const AnswerStyle& format, ToolSet tools);

}  // namespace shoal
