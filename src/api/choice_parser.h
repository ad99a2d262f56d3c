// Parses one choice of a chat's answer as it streams: takes text, gives content, thinking and tool calls.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "answers/answer_form.h"
#include "answers/answer_parser.h"

namespace shoal {

// What the request says about calls.
struct CallReading {
  ToolSet tools = {};  // empty: no call is looked for
  bool has_parallel_calls = true;
};

class ChoiceParser {
 public:
  ChoiceParser(const AnswerOpening& opening, const CallReading& reading);

  // All events but call_end and call_withdrawn have something for the client. Each call_begin has an id.
  std::vector<AnswerEvent> push(std::string_view text);
  std::vector<AnswerEvent> finish(TextEnd end);

  bool has_calls() const { return ended_calls_ > 0; }

 private:
  std::vector<AnswerEvent> complete(std::vector<AnswerEvent> events);
  bool is_wanted(const AnswerEvent& event) const;

  const CallIdStyle ids_;
  const bool has_parallel_calls_;
  std::unique_ptr<AnswerParser> parser_;
  std::vector<AnswerEvent> pending_;  // events of the opening's text
  int64_t ended_calls_ = 0;
};

}  // namespace shoal
