#include "answers/answer_parser.h"

#include "answers/channel_answer.h"
#include "answers/marked_answer.h"

namespace shoal {

std::unique_ptr<AnswerParser> make_answer_parser(const AnswerStyle& format, ToolSet tools) {
  if (format.calls == CallStyle::harmony) return std::make_unique<ChannelAnswer>(std::move(tools));
  return std::make_unique<MarkedAnswer>(format, std::move(tools));
}

}  // namespace shoal
