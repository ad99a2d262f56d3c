#include "answers/channel_answer.h"

#include "json/white_space.h"

namespace shoal {
namespace {

constexpr size_t longest_bare_header = 512;
constexpr std::string_view recipient_mark = "to=";
constexpr std::string_view functions_namespace = "functions.";

std::string_view word_behind(std::string_view header, std::string_view mark) {
  const size_t at = header.find(mark);
  if (at == std::string_view::npos) return {};
  header.remove_prefix(at + mark.size());
  return header.substr(0, header.find_first_of(" \n\r\t<"));
}

// Whether a header may begin like this text where bare text may come instead.
bool may_be_header(std::string_view text) {
  text = trim_white_space(text);
  return recipient_mark.starts_with(text) || text.starts_with(recipient_mark);
}

bool ends_message(std::string_view mark) {
  return mark == "<|end|>" || mark == "<|call|>" || mark == "<|return|>";
}

}  // namespace

ChannelAnswer::ChannelAnswer(ToolSet tools)
    : tools_(std::move(tools)),
      marks_(std::vector<std::string>(channel_marks.begin(), channel_marks.end())) {}

std::vector<AnswerEvent> ChannelAnswer::push(std::string_view text) {
  for (const char byte : text) add(byte);
  return events_.take();
}

std::vector<AnswerEvent> ChannelAnswer::finish(TextEnd end) {
  const bool is_cut = end == TextEnd::cut;
  constexpr size_t certain_length = 3;
  const bool is_mark = part_ == Part::between || (is_cut && held_.size() >= certain_length);
  if (!is_mark) take_text(held_);
  switch (part_) {
    case Part::header_or_content:
    case Part::header:
      if (part_ == Part::header && (is_cut || events_.call_count() > 0)) break;
      if (is_cut && trim_white_space(source_).starts_with(recipient_mark)) break;
      begin_text(Part::content);
      write(std::exchange(source_, {}));
      break;
    case Part::call:
      if (!is_cut) has_arguments_ ? give_up_call() : end_call();
      break;
    case Part::content:
    case Part::reasoning:
    case Part::between: break;
  }
  return events_.take();
}

void ChannelAnswer::add(char byte) {
  held_.push_back(byte);
  if (const int64_t length = marks_.add(byte); length > 0) {
    const std::string mark = held_.substr(held_.size() - static_cast<size_t>(length));
    take_text(std::string_view(held_).substr(0, held_.size() - mark.size()));
    held_.clear();
    marks_.reset();
    return take_mark(mark);
  }
  const size_t certain = held_.size() - static_cast<size_t>(marks_.pending());
  take_text(std::string_view(held_).substr(0, certain));
  held_.erase(0, certain);
}

void ChannelAnswer::take_mark(std::string_view mark) {
  const bool is_in_header = part_ == Part::header || part_ == Part::header_or_content;
  if (ends_message(mark)) {
    end_message();
  } else if (mark == "<|start|>" || (mark == "<|channel|>" && !is_in_header)) {
    end_message();
    part_ = Part::header;
    source_ = mark;
  } else if (is_in_header) {
    part_ = Part::header;
    source_ += mark;
    if (mark == "<|message|>") begin_message();
  } else {
    take_text(mark);
  }
}

void ChannelAnswer::take_text(std::string_view text) {
  for (const char byte : text) {
    switch (part_) {
      case Part::header_or_content:
      case Part::header: add_to_header(byte); break;
      case Part::content:
      case Part::reasoning: write({&byte, 1}); break;
      case Part::call: add_to_arguments(byte); break;
      case Part::between:
        if (is_white_space(byte)) break;
        begin_text(Part::content);
        write({&byte, 1});
    }
  }
}

void ChannelAnswer::add_to_header(char byte) {
  source_.push_back(byte);
  const bool is_possible = part_ == Part::header || may_be_header(source_);
  if (is_possible && source_.size() <= longest_bare_header) return;
  begin_text(Part::content);
  write(std::exchange(source_, {}));
}

// Called when the header is complete.
void ChannelAnswer::begin_message() {
  const std::string_view recipient = word_behind(source_, recipient_mark);
  if (recipient.empty()) {
    const bool is_thinking = word_behind(source_, "<|channel|>") == "analysis";
    source_.clear();
    return begin_text(is_thinking ? Part::reasoning : Part::content);
  }
  std::string_view name = recipient;
  if (name.starts_with(functions_namespace)) name.remove_prefix(functions_namespace.size());
  const bool is_call = !tools_.empty() && is_call_name(name) && (name != recipient || tools_.has(name));
  if (is_call) {
    part_ = Part::call;
    arguments_ = {};
    has_arguments_ = false;
    events_.begin_call(name, "");
  } else {
    begin_text(Part::content);
    write(std::exchange(source_, {}));
  }
}

void ChannelAnswer::begin_text(Part part) {
  part_ = part;
  needs_break_ = part == Part::reasoning ? has_reasoned_ : has_content_;
}

void ChannelAnswer::add_to_arguments(char byte) {
  source_.push_back(byte);
  if (!has_arguments_ && is_white_space(byte)) return;
  if (!std::exchange(has_arguments_, true) && byte != '{') return give_up_call();
  const JsonStep step = arguments_.add(byte);
  switch (step) {
    case JsonStep::more: events_.add_arguments(arguments_.written()); break;
    case JsonStep::complete:
      events_.add_arguments(arguments_.written());
      end_call();
      break;
    case JsonStep::complete_before:
    case JsonStep::wrong: give_up_call();
  }
}

void ChannelAnswer::end_call() {
  if (!has_arguments_) events_.add_arguments("{}");
  events_.end_call();
  source_.clear();
  part_ = Part::between;
}

void ChannelAnswer::give_up_call() {
  events_.withdraw_call();
  begin_text(Part::content);
  write(std::exchange(source_, {}));
}

void ChannelAnswer::end_message() {
  if (part_ == Part::call) has_arguments_ ? give_up_call() : end_call();
  if (part_ == Part::header) {
    begin_text(Part::content);
    write(source_);
  }
  source_.clear();
  part_ = Part::between;
}

void ChannelAnswer::write(std::string_view text) {
  if (text.empty()) return;
  const bool is_reasoning = part_ == Part::reasoning;
  if (std::exchange(needs_break_, false)) {
    is_reasoning ? events_.add_reasoning("\n") : events_.add_content("\n");
  }
  is_reasoning ? events_.add_reasoning(text) : events_.add_content(text);
  (is_reasoning ? has_reasoned_ : has_content_) = true;
}

}  // namespace shoal
