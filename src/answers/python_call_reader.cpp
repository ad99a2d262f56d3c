#include "answers/python_call_reader.h"

#include <algorithm>

#include "answers/python_literal.h"
#include "json/value.h"
#include "json/white_space.h"

namespace shoal {
namespace {

constexpr size_t maximum_key_bytes = 256;

bool is_identifier_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         byte == '_' || static_cast<unsigned char>(byte) >= 0x80;
}

}  // namespace

ReadStep PythonCallReader::go(At at) {
  at_ = at;
  return ReadStep::more;
}

ReadStep PythonCallReader::add(char byte, CallSink& sink) {
  switch (at_) {
    case At::start:
      return byte == '[' ? go(At::name) : is_white_space(byte) ? ReadStep::more : ReadStep::wrong;
    case At::name: return add_to_name(byte, sink);
    case At::key_or_end:
      if (is_white_space(byte)) return ReadStep::more;
      if (byte == ')') return end_call(sink);
      key_.clear();
      at_ = At::key;
      return add_to_key(byte);
    case At::key: return add_to_key(byte);
    case At::value: return add_to_value(byte, sink);
    case At::after_call:
      if (is_white_space(byte)) return ReadStep::more;
      name_.clear();
      if (byte == ',') return go(At::name);
      return byte == ']' ? ReadStep::done : ReadStep::wrong;
  }
  return ReadStep::wrong;
}

ReadStep PythonCallReader::add_to_name(char byte, CallSink& sink) {
  if (name_.empty() && is_white_space(byte)) return ReadStep::more;
  if (name_.empty() && byte == ']' && has_call_) return ReadStep::done;  // after a trailing comma
  if (byte != '(') {
    name_.push_back(byte);
    return is_call_name(name_) ? ReadStep::more : ReadStep::wrong;
  }
  if (!is_call_name(name_) || (notation_.names == NameRule::known && !tools_.has(name_)))
    return ReadStep::wrong;
  sink.begin_call(name_, "");
  keys_.clear();
  return go(At::key_or_end);
}

ReadStep PythonCallReader::add_to_key(char byte) {
  if (byte != '=') {
    key_.push_back(byte);
    const bool is_possible = is_identifier_byte(byte) || is_white_space(byte);
    return is_possible && key_.size() <= maximum_key_bytes ? ReadStep::more : ReadStep::wrong;
  }
  key_ = trim_white_space(key_);
  const bool is_identifier = !key_.empty() && std::ranges::all_of(key_, is_identifier_byte);
  value_.clear();
  return is_identifier ? go(At::value) : ReadStep::wrong;
}

ReadStep PythonCallReader::add_to_value(char byte, CallSink& sink) {
  if (quote_ != '\0') {
    if (is_escaped_) {
      is_escaped_ = false;
    } else if (byte == '\\') {
      is_escaped_ = true;
    } else if (byte == quote_) {
      quote_ = '\0';
    }
  } else if (open_.empty() && (byte == ',' || byte == ')')) {
    return end_value(byte, sink);
  } else if (byte == '\'' || byte == '"') {
    quote_ = byte;
  } else if (byte == '[' || byte == '(' || byte == '{') {
    open_.push_back(byte);
  } else if (byte == ']' || byte == ')' || byte == '}') {
    const char opening = byte == ']' ? '[' : byte == ')' ? '(' : '{';
    if (open_.empty() || open_.back() != opening) return ReadStep::wrong;
    open_.pop_back();
  }
  value_.push_back(byte);
  return ReadStep::more;
}

ReadStep PythonCallReader::end_value(char byte, CallSink& sink) {
  const std::optional<std::string> json = python_literal_to_json(value_);
  if (!json) return ReadStep::wrong;
  // Of a repeated argument, the first one counts.
  if (const bool is_first = keys_.empty(); keys_.insert(key_).second) {
    sink.add_arguments(is_first ? "{" : ", ");
    sink.add_arguments(format_json_text(key_, /*ascii_only=*/false));
    sink.add_arguments(": ");
    sink.add_arguments(*json);
  }
  return byte == ')' ? end_call(sink) : go(At::key_or_end);
}

ReadStep PythonCallReader::end_call(CallSink& sink) {
  sink.add_arguments(keys_.empty() ? "{}" : "}");
  sink.end_call();
  has_call_ = true;
  return go(At::after_call);
}

}  // namespace shoal
