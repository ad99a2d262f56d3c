// One choice of a chat's answer on its way to the client: text in, content, thinking and tool calls out.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "answers/answer_form.h"
#include "answers/answer_parser.h"

namespace shoal {

// What the request says of calls.
struct CallReading {
  ToolSet tools = {};  // none: no call is looked for
  bool has_parallel_calls = true;
};

class ChoiceParser {
 public:
  ChoiceParser(const AnswerOpening& opening, const CallReading& reading);

  // The events have something for the client, but call_end and call_withdrawn; each call has an id.
  std::vector<AnswerEvent> push(std::string_view text);
  std::vector<AnswerEvent> finish(TextEnd end);

  bool has_calls() const { return ended_calls_ > 0; }

 private:
  std::vector<AnswerEvent> complete(std::vector<AnswerEvent> events);
  bool is_wanted(const AnswerEvent& event) const;

  const CallIdStyle ids_;
  const bool has_parallel_calls_;
  std::unique_ptr<AnswerParser> parser_;
  std::vector<AnswerEvent> pending_;  // from the opening
  int64_t ended_calls_ = 0;
};

}  // namespace shoal
