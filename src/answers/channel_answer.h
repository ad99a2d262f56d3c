// Reads answers as gpt-oss writes them ("harmony"): messages with a header, which names a channel and, for a
// call, the function.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "answers/answer_event_collector.h"
#include "answers/answer_parser.h"
#include "answers/json_scanner.h"
#include "tokens/stop_matcher.h"

namespace shoal {

inline constexpr std::array<std::string_view, 7> channel_marks{
    "<|start|>", "<|channel|>", "<|message|>", "<|constrain|>", "<|end|>", "<|call|>", "<|return|>"};

class ChannelAnswer final : public AnswerParser {
 public:
  explicit ChannelAnswer(ToolSet tools);

  std::vector<AnswerEvent> push(std::string_view text) override;
  std::vector<AnswerEvent> finish(TextEnd end) override;

 private:
  // An answer starts inside a header, since the prompt ends after the role.
  enum class Part : uint8_t { header_or_content, header, content, reasoning, call, between };

  void add(char byte);
  void take_mark(std::string_view mark);
  void take_text(std::string_view text);
  void add_to_header(char byte);
  void add_to_arguments(char byte);
  void begin_message();
  void begin_text(Part part);
  void end_message();
  void write(std::string_view text);
  void end_call();
  void give_up_call();

  const ToolSet tools_;
  StopMatcher marks_;
  AnswerEventCollector events_;
  Part part_ = Part::header_or_content;
  std::string held_;    // the possible beginning of a mark
  std::string source_;  // source of the header, and of the call being read
  JsonScanner arguments_;
  bool has_arguments_ = false;  // more than white space has come
  bool has_content_ = false;
  bool has_reasoned_ = false;
  bool needs_break_ = false;  // a line break must come before the next text of this message
};

}  // namespace shoal
