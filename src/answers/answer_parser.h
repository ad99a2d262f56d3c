// Takes a model's answer apart as it comes: thinking, content, tool calls. A pure state machine over bytes:
// however the stream is cut into pieces, the events are the same once neighbours of one kind are joined. What
// is no well-formed call is content, byte for byte.
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

  // Whole characters make whole characters; neighbours of one kind are joined within one call.
  virtual std::vector<AnswerEvent> push(std::string_view text) = 0;
  // The answer has ended; nothing is to be pushed after this. Where it was cut, nothing of a call is content:
  // one that had begun stays as far as it came, without a call_end.
  virtual std::vector<AnswerEvent> finish(TextEnd end = TextEnd::whole) = 0;
};

// Without tools no call is looked for.
std::unique_ptr<AnswerParser> make_answer_parser(const AnswerStyle& format, ToolSet tools);

}  // namespace shoal
