#include "api/choice_parser.h"

#include "base/ids.h"
#include "base/os.h"

namespace shoal {
namespace {

std::string make_call_id(CallIdStyle style) {
  switch (style) {
    case CallIdStyle::call_random: return make_random_id("call_");
    case CallIdStyle::nine_letters: break;
  }
  constexpr std::string_view id_letters = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string id;
  for (uint64_t bits = os::random_bits(); id.size() < 9; bits /= id_letters.size()) {
    id += id_letters[bits % id_letters.size()];
  }
  return id;
}

}  // namespace

ChoiceParser::ChoiceParser(const AnswerOpening& opening, const CallReading& reading)
    : ids_(call_format(opening.format.calls).ids),
      has_parallel_calls_(reading.has_parallel_calls),
      parser_(make_answer_parser(opening.format, reading.tools)) {
  pending_ = complete(parser_->push(opening.prefix));
}

std::vector<AnswerEvent> ChoiceParser::push(std::string_view text) {
  std::vector<AnswerEvent> events = std::exchange(pending_, {});
  for (AnswerEvent& event : complete(parser_->push(text))) events.push_back(std::move(event));
  return events;
}

std::vector<AnswerEvent> ChoiceParser::finish(TextEnd end) {
  std::vector<AnswerEvent> events = std::exchange(pending_, {});
  for (AnswerEvent& event : complete(parser_->finish(end))) events.push_back(std::move(event));
  return events;
}

std::vector<AnswerEvent> ChoiceParser::complete(std::vector<AnswerEvent> events) {
  std::vector<AnswerEvent> completed;
  for (AnswerEvent& event : events) {
    if (!is_wanted(event)) continue;
    if (event.kind == AnswerEventKind::call_end) ++ended_calls_;
    if (event.kind == AnswerEventKind::call_begin && event.id.empty()) event.id = make_call_id(ids_);
    completed.push_back(std::move(event));
  }
  return completed;
}

// Without parallel calls only the first call is wanted.
bool ChoiceParser::is_wanted(const AnswerEvent& event) const {
  switch (event.kind) {
    case AnswerEventKind::content:
    case AnswerEventKind::reasoning: return true;
    case AnswerEventKind::call_begin:
    case AnswerEventKind::call_arguments:
    case AnswerEventKind::call_end:
    case AnswerEventKind::call_withdrawn: return has_parallel_calls_ || ended_calls_ == 0;
  }
  return true;
}

}  // namespace shoal
