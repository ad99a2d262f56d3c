// Reads whole answers and compares what was found in them; for tests only.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "answers/answer_parser.h"
#include "json/white_space.h"

namespace shoal {

struct ReadCall {
  std::string name;
  std::string id;
  std::string arguments;

  bool operator==(const ReadCall&) const = default;
};

struct ReadAnswer {
  std::string content;
  std::string reasoning;
  std::vector<ReadCall> calls;
  int64_t withdrawn = 0;

  bool operator==(const ReadAnswer&) const = default;
};

// Appends the events and joins neighbours of one kind.
inline void join_events(const std::vector<AnswerEvent>& more, std::vector<AnswerEvent>& events) {
  for (const AnswerEvent& event : more) {
    if (!event.text.empty() && !events.empty() && events.back().kind == event.kind &&
        events.back().call == event.call) {
      events.back().text += event.text;
    } else {
      events.push_back(event);
    }
  }
}

inline std::vector<AnswerEvent> read_events(const AnswerStyle& format, const ToolSet& tools,
                                            const std::vector<std::string_view>& pieces,
                                            TextEnd end = TextEnd::whole) {
  const std::unique_ptr<AnswerParser> parser = make_answer_parser(format, tools);
  std::vector<AnswerEvent> events;
  for (const std::string_view piece : pieces) join_events(parser->push(piece), events);
  join_events(parser->finish(end), events);
  return events;
}

inline ReadAnswer collect(const std::vector<AnswerEvent>& events) {
  ReadAnswer answer;
  for (const AnswerEvent& event : events) {
    switch (event.kind) {
      case AnswerEventKind::content: answer.content += event.text; break;
      case AnswerEventKind::reasoning: answer.reasoning += event.text; break;
      case AnswerEventKind::call_begin: answer.calls.push_back({event.name, event.id, ""}); break;
      case AnswerEventKind::call_arguments: answer.calls.back().arguments += event.text; break;
      case AnswerEventKind::call_end: break;
      case AnswerEventKind::call_withdrawn:
        answer.calls.pop_back();
        ++answer.withdrawn;
        break;
    }
  }
  return answer;
}

inline ReadAnswer read_answer(const AnswerStyle& format, const ToolSet& tools, std::string_view text,
                              TextEnd end = TextEnd::whole) {
  return collect(read_events(format, tools, {text}, end));
}

inline std::string without_white_space(std::string_view text) {
  std::string rest;
  std::ranges::copy_if(text, std::back_inserter(rest), [](char byte) { return !is_white_space(byte); });
  return rest;
}

inline bool is_subsequence(std::string_view part, std::string_view whole) {
  for (const char byte : part) {
    const size_t at = whole.find(byte);
    if (at == std::string_view::npos) return false;
    whole.remove_prefix(at + 1);
  }
  return true;
}

// Whether every byte of the source is in the answer, as far as can be seen from outside. Without calls, all
// of it must be there; with calls, content and thinking must be parts of the source in its order.
inline bool has_lost_nothing(const AnswerStyle& format, std::string_view source, const ReadAnswer& answer) {
  const std::string whole = without_white_space(source);
  const std::string reasoning = without_white_space(answer.reasoning);
  const std::string content = without_white_space(answer.content);
  if (!is_subsequence(reasoning, whole) || !is_subsequence(content, whole)) return false;
  if (!answer.calls.empty()) return true;
  if (format.calls == CallStyle::harmony) {
    return source.find("<|") != std::string_view::npos || whole == reasoning + content;
  }
  const ThinkingMarks marks = thinking_marks(format.thinking);
  for (const std::string_view open : {std::string_view(), marks.open}) {
    for (const std::string_view close : {std::string_view(), marks.close}) {
      if (whole == std::string(open) + reasoning + std::string(close) + content) return true;
    }
  }
  return false;
}

}  // namespace shoal
