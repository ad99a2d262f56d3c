#include "answers/tag_call_reader.h"

#include <algorithm>
#include <array>

#include "answers/json_scanner.h"
#include "answers/python_literal.h"
#include "base/utf8.h"
#include "json/white_space.h"

namespace shoal {
namespace {

// The text as it is written inside a JSON string.
std::string escape(std::string_view text) {
  const std::string quoted = format_json_text(text, /*ascii_only=*/false);
  return quoted.substr(1, quoted.size() - 2);
}

// Converts a bare value to JSON. Templates write Python's words for true, false and null too.
std::string to_json(std::string_view text, ParameterKind kind) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> word_values{
      {{"True", "true"}, {"False", "false"}, {"None", "null"}}};
  std::string_view bare = trim_white_space(text);
  for (const auto& [python, json] : word_values) bare = bare == python ? json : bare;
  std::optional<std::string> value;
  switch (kind) {
    case ParameterKind::text: break;
    case ParameterKind::text_or_null:
      if (bare == "null") value = bare;
      break;
    case ParameterKind::other:
      value = read_json_value(bare);
      if (!value) value = python_literal_to_json(bare);
      break;
    case ParameterKind::unknown:
    case ParameterKind::either:
      if (!bare.starts_with('"')) value = read_json_value(bare);
      break;
  }
  return value ? *value : format_json_text(text, /*ascii_only=*/false);
}

std::vector<std::string> all_value_ends(const TagNotation& notation) {
  std::vector<std::string> ends = value_ends_of(notation);
  ends.emplace_back(notation.after_value);
  return ends;
}

}  // namespace

TagCallReader::TagCallReader(const TagNotation& notation, const ToolSet& tools)
    : notation_(notation),
      tools_(tools),
      at_(notation.before_name.empty() ? At::name : At::before_name),
      value_end_(all_value_ends(notation)) {}

ReadStep TagCallReader::go(At at) {
  at_ = at;
  seen_.clear();
  return ReadStep::more;
}

ReadStep TagCallReader::add(char byte, CallSink& sink) {
  std::string_view found;
  switch (at_) {
    case At::before_name: {
      const ReadStep step = expect(byte, {notation_.before_name}, found);
      return step == ReadStep::done ? go(At::name) : step;
    }
    case At::name: return add_to_name(byte, sink);
    case At::between: return add_between(byte, sink);
    case At::key: return add_to_key(byte);
    case At::before_value: {
      const ReadStep step = expect(byte, {notation_.before_value}, found);
      return step == ReadStep::done ? begin_value() : step;
    }
    case At::value: return add_to_value(byte, sink);
  }
  return ReadStep::wrong;
}

ReadStep TagCallReader::expect(char byte, const std::vector<std::string_view>& alternatives,
                               std::string_view& found) {
  if (seen_.empty() && is_white_space(byte)) return ReadStep::more;
  seen_.push_back(byte);
  ReadStep step = ReadStep::wrong;
  for (const std::string_view alternative : alternatives) {
    if (alternative == seen_) {
      found = alternative;
      return ReadStep::done;
    }
    if (alternative.starts_with(seen_)) step = ReadStep::more;
  }
  return step;
}

ReadStep TagCallReader::add_to_name(char byte, CallSink& sink) {
  constexpr size_t maximum_bytes = 512;
  const std::string_view end = notation_.after_name.empty() ? std::string_view("<") : notation_.after_name;
  name_.push_back(byte);
  if (name_.ends_with(end)) {
    name_ = trim_white_space(std::string_view(name_).substr(0, name_.size() - end.size()));
    if (!is_call_name(name_)) return ReadStep::wrong;
    sink.begin_call(name_, "");
    go(At::between);
    return notation_.after_name.empty() ? add_between(byte, sink) : ReadStep::more;
  }
  const bool is_possible =
      is_white_space(byte) || end.find(byte) != std::string_view::npos || is_call_name({&byte, 1});
  return is_possible && name_.size() <= maximum_bytes ? ReadStep::more : ReadStep::wrong;
}

ReadStep TagCallReader::add_between(char byte, CallSink& sink) {
  std::string_view found;
  const ReadStep step = expect(byte, {notation_.before_key, notation_.after_call}, found);
  if (step != ReadStep::done) return step;
  if (found == notation_.before_key) {
    key_.clear();
    return go(At::key);
  }
  return end_call(sink);
}

ReadStep TagCallReader::end_call(CallSink& sink) {
  sink.add_arguments(keys_.empty() ? "{}" : "}");
  sink.end_call();
  return ReadStep::done;
}

// Ends a call whose end tag has begun, or whose last value ends with the end tag.
bool TagCallReader::end(int64_t mark_bytes, TextEnd how, CallSink& sink) {
  if (mark_bytes > 0) return false;
  const std::string_view end = notation_.after_call;
  if (at_ == At::value && value_.ends_with(end)) {
    value_.erase(value_.size() - end.size());
    end_value(sink);
  } else if (how == TextEnd::whole || at_ != At::between || !end.starts_with(seen_) ||
             notation_.before_key.starts_with(seen_)) {
    return false;
  }
  end_call(sink);
  return true;
}

ReadStep TagCallReader::add_to_key(char byte) {
  constexpr size_t maximum_bytes = 1024;
  key_.push_back(byte);
  if (!key_.ends_with(notation_.after_key)) {
    return key_.size() > maximum_bytes ? ReadStep::wrong : ReadStep::more;
  }
  key_ = trim_white_space(std::string_view(key_).substr(0, key_.size() - notation_.after_key.size()));
  if (key_.empty()) return ReadStep::wrong;
  return notation_.before_value.empty() ? begin_value() : go(At::before_value);
}

ReadStep TagCallReader::begin_value() {
  value_.clear();
  value_end_.reset();
  has_written_ = false;
  is_text_ = tools_.kind_of(name_, key_) == ParameterKind::text;
  is_repeated_ = keys_.contains(key_);
  return go(At::value);
}

// Texts are passed on as they come, since they may be whole files; only what may belong to the end is held
// back.
ReadStep TagCallReader::add_to_value(char byte, CallSink& sink) {
  value_.push_back(byte);
  const int64_t length = value_end_.add(byte);
  if (length == 0) {
    if (is_text_) write_text(sink);
    return ReadStep::more;
  }
  const std::string end = value_.substr(value_.size() - static_cast<size_t>(length));
  value_.erase(value_.size() - end.size());
  end_value(sink);
  if (end.starts_with(notation_.after_call)) return end_call(sink);
  if (!end.ends_with(notation_.before_key)) return go(At::between);
  key_.clear();
  return go(At::key);
}

void TagCallReader::write_text(CallSink& sink) {
  size_t certain = value_.size() - static_cast<size_t>(value_end_.pending());
  if (notation_.has_lines && certain > 0 && value_[certain - 1] == '\n') --certain;
  certain -= static_cast<size_t>(unfinished_utf8(std::string_view(value_).substr(0, certain)));
  if (certain == 0) return;
  std::string_view text = std::string_view(value_).substr(0, certain);
  if (!std::exchange(has_written_, true)) {
    if (notation_.has_lines && text.front() == '\n') text.remove_prefix(1);
    begin_parameter(sink);
    if (!is_repeated_) sink.add_arguments("\"");
  }
  if (!is_repeated_) sink.add_arguments(escape(text));
  value_.erase(0, certain);
}

// Of a repeated parameter, the first one counts.
void TagCallReader::begin_parameter(CallSink& sink) {
  if (is_repeated_) return;
  sink.add_arguments(keys_.empty() ? "{" : ", ");
  sink.add_arguments(format_json_text(key_, /*ascii_only=*/false));
  sink.add_arguments(": ");
  keys_.insert(key_);
}

void TagCallReader::end_value(CallSink& sink) {
  if (notation_.has_lines && value_.ends_with('\n')) value_.pop_back();
  if (is_repeated_) return;
  if (has_written_) {
    sink.add_arguments(escape(value_));
    sink.add_arguments("\"");
    return;
  }
  std::string_view text = value_;
  if (notation_.has_lines && text.starts_with('\n')) text.remove_prefix(1);
  begin_parameter(sink);
  sink.add_arguments(is_text_ ? format_json_text(text, /*ascii_only=*/false)
                              : to_json(text, tools_.kind_of(name_, key_)));
}

}  // namespace shoal
