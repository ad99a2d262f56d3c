// Reads answers with marks around thinking and calls, as all families but gpt-oss write them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "answers/answer_event_collector.h"
#include "answers/answer_parser.h"
#include "tokens/stop_matcher.h"

namespace shoal {

class MarkedAnswer final : public AnswerParser {
 public:
  MarkedAnswer(const AnswerStyle& format, ToolSet tools);

  std::vector<AnswerEvent> push(std::string_view text) override;
  std::vector<AnswerEvent> finish(TextEnd end) override;

 private:
  enum class Part : uint8_t { content, thinking, call };

  void add(char byte);
  void add_to_content(char byte);
  void add_to_thinking(char byte);
  void add_to_call(char byte);
  bool take_mark(std::string_view mark);
  bool counts(const CallOpener& opener) const;
  bool is_bracket(std::string_view mark) const;
  const CallOpener* find_opener(std::string_view mark) const;
  void begin_thinking();
  void end_thinking();
  void begin_call(const CallOpener& opener, std::string source);
  void finish_call(TextEnd end);
  void finish_content(TextEnd end);
  void drop_begun_mark();
  void give_up_call(std::string_view source);
  void end_calls();
  void write_content(std::string_view text);
  void write_quiet();

  const ThinkingMarks thinking_;
  const CallFormat& format_;
  const ToolSet tools_;
  const bool reads_calls_;
  StopMatcher marks_;  // the marks of content; also used inside calls, to find where the next one opens
  StopMatcher thinking_ends_;
  const std::vector<std::string_view> firm_marks_;  // marks with which no ordinary text begins

  AnswerEventCollector events_;
  Part part_ = Part::content;
  std::string held_;   // the possible beginning of a mark
  std::string quiet_;  // white space and brackets that belong to what follows
  bool has_content_ = false;
  bool has_thought_ = false;
  bool is_thinking_written_ = false;
  bool is_behind_call_ = false;  // only `quiet_` has come since a call
  std::unique_ptr<CallReader> reader_;
  const CallOpener* opener_ = nullptr;  // the opener of the call being read
  std::string source_;  // of the call being read, from the mark that opens it, or from the last call's end
  bool has_ended_call_ = false;  // this reader has ended a call
};

}  // namespace shoal
