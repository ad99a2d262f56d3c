#include "answers/marked_answer.h"

#include <algorithm>

#include "json/white_space.h"

namespace shoal {
namespace {

std::vector<std::string> content_marks(const ThinkingMarks& thinking, const CallFormat& format,
                                       bool reads_calls) {
  std::vector<std::string> marks{std::string(thinking.open), std::string(thinking.close)};
  if (!reads_calls) return marks;
  for (const CallOpener& opener : format.openers) marks.emplace_back(opener.marker);
  for (const std::string_view bracket : format.brackets) marks.emplace_back(bracket);
  marks.emplace_back(format.fence);
  return marks;
}

std::vector<std::string> thinking_end_marks(const ThinkingMarks& thinking, const CallFormat& format,
                                            bool reads_calls) {
  std::vector<std::string> marks{std::string(thinking.close)};
  if (!reads_calls || !format.calls_end_thinking) return marks;
  for (const CallOpener& opener : format.openers) marks.emplace_back(opener.marker);
  marks.emplace_back(format.brackets.front());  // a bracket that opens the section
  return marks;
}

// The marks that are neither words nor fences, with which ordinary text may begin.
std::vector<std::string_view> find_firm_marks(const ThinkingMarks& thinking, const CallFormat& format,
                                              bool reads_calls) {
  std::vector<std::string_view> marks{thinking.open, thinking.close};
  if (reads_calls) {
    marks.insert(marks.end(), format.brackets.begin(), format.brackets.end());
    for (const CallOpener& opener : format.openers) marks.push_back(opener.marker);
  }
  std::erase_if(marks,
                [](std::string_view mark) { return !mark.starts_with('<') && !mark.starts_with('['); });
  return marks;
}

bool is_all_white_space(std::string_view text) { return std::ranges::all_of(text, is_white_space); }

std::string_view without_leading_space(std::string_view text) {
  return text.substr(static_cast<size_t>(std::ranges::find_if_not(text, is_white_space) - text.begin()));
}

}  // namespace

MarkedAnswer::MarkedAnswer(const AnswerStyle& format, ToolSet tools)
    : thinking_(thinking_marks(format.thinking)),
      format_(call_format(format.calls)),
      tools_(std::move(tools)),
      reads_calls_(!tools_.empty() && !format_.openers.empty()),
      marks_(content_marks(thinking_, format_, reads_calls_)),
      thinking_ends_(thinking_end_marks(thinking_, format_, reads_calls_)),
      firm_marks_(find_firm_marks(thinking_, format_, reads_calls_)) {}

std::vector<AnswerEvent> MarkedAnswer::push(std::string_view text) {
  for (const char byte : text) add(byte);
  return events_.take();
}

std::vector<AnswerEvent> MarkedAnswer::finish(TextEnd end) {
  switch (part_) {
    case Part::thinking:
      if (end == TextEnd::cut) drop_begun_mark();
      events_.add_reasoning(is_all_white_space(held_) ? "" : quiet_ + held_);
      break;
    case Part::call: finish_call(end); break;
    case Part::content: finish_content(end); break;
  }
  return events_.take();
}

void MarkedAnswer::finish_content(TextEnd end) {
  if (is_behind_call_) return;  // the held bytes are marks that are not complete
  if (end == TextEnd::cut) {
    drop_begun_mark();
    if (const size_t mark = quiet_.find_first_not_of(" \n\r\t"); mark != std::string::npos)
      quiet_.resize(mark);
  }
  write_content(held_);
  write_quiet();
}

// An unclosed list has lost nothing; a call that was cut is not given back as text.
void MarkedAnswer::finish_call(TextEnd end) {
  const bool may_be_text = opener_->is_bare && !has_ended_call_ && !events_.is_open();
  if (source_.find_first_not_of(" \n\r\t,]}") == std::string::npos && has_ended_call_) return;
  if (reader_->end(0, end, events_)) return;
  if (end == TextEnd::cut && !may_be_text) return;
  give_up_call(source_);
}

// Drops the held bytes if they can hardly be anything but the beginning of a mark.
void MarkedAnswer::drop_begun_mark() {
  // Before any content has come, a call is likelier than a text that is one bracket.
  const size_t certain = part_ == Part::content && !has_content_ ? 1 : 3;
  const bool is_begun =
      held_.size() >= certain &&
      std::ranges::any_of(firm_marks_, [&](std::string_view mark) { return mark.starts_with(held_); });
  if (is_begun) held_.clear();
}

void MarkedAnswer::add(char byte) {
  switch (part_) {
    case Part::content: return add_to_content(byte);
    case Part::thinking: return add_to_thinking(byte);
    case Part::call: return add_to_call(byte);
  }
}

void MarkedAnswer::add_to_content(char byte) {
  held_.push_back(byte);
  if (const int64_t length = marks_.add(byte); length > 0) {
    const std::string mark = held_.substr(held_.size() - static_cast<size_t>(length));
    write_content(std::string_view(held_).substr(0, held_.size() - mark.size()));
    held_ = mark;
    if (take_mark(mark)) return;
  }
  const size_t certain = held_.size() - static_cast<size_t>(marks_.pending());
  write_content(std::string_view(held_).substr(0, certain));
  held_.erase(0, certain);
}

// False when the mark means nothing here.
bool MarkedAnswer::take_mark(std::string_view mark) {
  const bool is_at_start =
      !has_content_ && !has_thought_ && events_.call_count() == 0 && is_all_white_space(quiet_);
  if (mark == thinking_.open && is_at_start) {
    begin_thinking();
    return true;
  }
  if (mark == thinking_.close && is_at_start) {  // the prompt had opened this thinking
    begin_thinking();
    end_thinking();
    return true;
  }
  if (mark == thinking_.open || mark == thinking_.close) return false;
  if (const CallOpener* opener = find_opener(mark); opener != nullptr) {
    if (!counts(*opener)) return false;
    begin_call(*opener, quiet_ + std::string(mark));
    return true;
  }
  if (mark == format_.fence && !is_behind_call_) return false;
  if (is_behind_call_) {
    quiet_.clear();
  } else {
    quiet_ += mark;
  }
  held_.clear();
  marks_.reset();
  return true;
}

bool MarkedAnswer::counts(const CallOpener& opener) const {
  return !opener.is_bare || is_behind_call_ || (!has_content_ && events_.call_count() == 0);
}

bool MarkedAnswer::is_bracket(std::string_view mark) const {
  return std::ranges::find(format_.brackets, mark) != format_.brackets.end();
}

const CallOpener* MarkedAnswer::find_opener(std::string_view mark) const {
  const auto found = std::ranges::find(format_.openers, mark, &CallOpener::marker);
  return found == format_.openers.end() ? nullptr : &*found;
}

void MarkedAnswer::begin_thinking() {
  part_ = Part::thinking;
  has_thought_ = true;
  held_.clear();
  quiet_.clear();
  thinking_ends_.reset();
}

void MarkedAnswer::add_to_thinking(char byte) {
  held_.push_back(byte);
  const int64_t length = thinking_ends_.add(byte);
  const size_t certain = held_.size() - static_cast<size_t>(length > 0 ? length : thinking_ends_.pending());
  for (const char letter : std::string_view(held_).substr(0, certain)) {
    if (is_white_space(letter)) {
      if (is_thinking_written_) quiet_ += letter;
    } else {
      events_.add_reasoning(quiet_ + letter);
      quiet_.clear();
      is_thinking_written_ = true;
    }
  }
  held_.erase(0, certain);
  if (length > 0) end_thinking();
}

void MarkedAnswer::end_thinking() {
  part_ = Part::content;
  quiet_.clear();
  marks_.reset();
  const std::string mark = std::exchange(held_, {});
  if (mark == thinking_.close || mark.empty()) return;
  for (const char byte : mark) add(byte);
}

void MarkedAnswer::begin_call(const CallOpener& opener, std::string source) {
  part_ = Part::call;
  reader_ = make_call_reader(opener.notation, tools_);
  opener_ = &opener;
  source_ = std::move(source);
  has_ended_call_ = false;
  held_.clear();
  quiet_.clear();
  marks_.reset();
  for (const char byte : opener.replayed) reader_->add(byte, events_);
}

void MarkedAnswer::add_to_call(char byte) {
  source_.push_back(byte);
  const int64_t length = marks_.add(byte);
  // A mark ends the calls, or opens another one, before this one has arguments.
  if (length > 0 && !events_.is_open()) {
    const std::string mark = source_.substr(source_.size() - static_cast<size_t>(length));
    const CallOpener* opener = find_opener(mark);
    const bool opens = opener != nullptr && !opener->is_bare;
    if ((opens || is_bracket(mark)) && reader_->end(length - 1, TextEnd::whole, events_)) {
      end_calls();
      if (opens) begin_call(*opener, mark);
      return;
    }
    if (opens) {
      give_up_call(std::string_view(source_).substr(0, source_.size() - mark.size()));
      return begin_call(*opener, mark);
    }
  }
  const int64_t calls_before = events_.call_count();
  const ReadStep step = reader_->add(byte, events_);
  if (events_.call_count() > calls_before) {
    source_.clear();
    marks_.reset();
    has_ended_call_ = true;
  }
  if (step == ReadStep::done) return end_calls();
  if (step == ReadStep::more) return;
  const size_t certain = source_.size() - static_cast<size_t>(marks_.pending());
  const std::string rest = source_.substr(certain);
  give_up_call(std::string_view(source_).substr(0, certain));
  held_ = rest;
}

// The bytes read as a call are text after all.
void MarkedAnswer::give_up_call(std::string_view source) {
  if (events_.is_open()) events_.withdraw_call();
  events_.add_content(source);
  has_content_ = true;
  is_behind_call_ = false;
  part_ = Part::content;
  held_.clear();
}

void MarkedAnswer::end_calls() {
  part_ = Part::content;
  is_behind_call_ = true;
  marks_.reset();
}

// White space is held until it is known what it belongs to. A superfluous closing bracket after a call is
// dropped.
void MarkedAnswer::write_content(std::string_view text) {
  for (const char byte : text) {
    if (is_behind_call_ && (byte == '}' || byte == ']')) continue;
    if (is_white_space(byte) && (reads_calls_ || (!has_content_ && !thinking_.open.empty()))) {
      quiet_ += byte;
      continue;
    }
    write_quiet();
    events_.add_content({&byte, 1});
    has_content_ = true;
  }
}

void MarkedAnswer::write_quiet() {
  const std::string quiet = std::exchange(quiet_, {});
  if (std::exchange(is_behind_call_, false)) {
    if (has_content_) events_.add_content(quiet);
    return;
  }
  events_.add_content(has_thought_ && !has_content_ ? without_leading_space(quiet) : std::string_view(quiet));
}

}  // namespace shoal
