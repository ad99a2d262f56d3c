#include "answers/json_call_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "json/white_space.h"

namespace shoal {
namespace {

// The text that a JSON string's source means; empty for anything else.
std::string read_string(const std::string& source) {
  const Result<Value> value = parse_json(source);
  return value && value->text() != nullptr ? *value->text() : std::string();
}

}  // namespace

ReadStep JsonCallReader::go(At at) {
  at_ = at;
  return ReadStep::more;
}

ReadStep JsonCallReader::add(char byte, CallSink& sink) {
  if (at_ == At::in_key) return add_to_key(byte);
  if (at_ == At::value) return add_to_value(byte, sink);
  if (is_white_space(byte)) return ReadStep::more;
  switch (at_) {
    case At::start:
      if (byte == '[') {
        is_list_ = true;
        return go(At::item);
      }
      [[fallthrough]];
    case At::item: return byte == '{' ? begin_object() : ReadStep::wrong;
    case At::second_brace: return byte == '}' ? ReadStep::done : ReadStep::wrong;
    case At::key:
      if (byte == '{' && is_first_key_ && !std::exchange(is_doubled_, true)) return ReadStep::more;
      is_first_key_ = false;
      scanner_ = {};
      source_.clear();
      at_ = At::in_key;
      return byte == '"' ? add_to_key(byte) : ReadStep::wrong;
    case At::colon:
      scanner_ = {};
      source_.clear();
      return byte == ':' ? go(At::value) : ReadStep::wrong;
    case At::after_value: return after_value(byte, sink);
    case At::after_item:
      if (byte == ',') return go(At::item);
      return byte == ']' ? ReadStep::done : ReadStep::wrong;
    case At::in_key:
    case At::value: break;  // handled before the switch
  }
  return ReadStep::wrong;
}

ReadStep JsonCallReader::begin_object() {
  has_begun_ = has_arguments_ = false;
  is_first_key_ = !is_list_;
  name_.clear();
  early_arguments_.clear();
  return go(At::key);
}

ReadStep JsonCallReader::add_to_key(char byte) {
  const JsonStep step = scanner_.add(byte);
  source_ += scanner_.written();
  if (step == JsonStep::more) return ReadStep::more;
  if (step != JsonStep::complete) return ReadStep::wrong;
  const std::string key = read_string(source_);
  const bool is_name = key == "name";
  if (is_name || key == "arguments" || key == "parameters") {
    // Of a repeated member, the first one counts.
    const bool is_repeated = is_name ? !name_.empty() : std::exchange(has_arguments_, true);
    member_ = is_repeated ? Member::other : is_name ? Member::name : Member::arguments;
    return go(At::colon);
  }
  member_ = Member::other;
  constexpr std::array<std::string_view, 2> harmless{"type", "id"};
  const bool is_foreign = std::ranges::find(harmless, key) == harmless.end();
  // Before the name, at most a type may come.
  const bool is_early = name_.empty() && key != harmless.front();
  return notation_.names == NameRule::known && (is_foreign || is_early) ? ReadStep::wrong : go(At::colon);
}

ReadStep JsonCallReader::add_to_value(char byte, CallSink& sink) {
  if (source_.empty() && is_white_space(byte)) return ReadStep::more;
  if (member_ == Member::arguments && !name_.empty()) begin_call(sink);
  const JsonStep step = scanner_.add(byte);
  if (step == JsonStep::wrong) return ReadStep::wrong;
  if (step == JsonStep::complete_before) {
    if (end_value(sink) == ReadStep::wrong) return ReadStep::wrong;
    return is_white_space(byte) ? ReadStep::more : after_value(byte, sink);
  }
  const bool is_passed_on =
      member_ == Member::arguments && has_begun_ && (source_.empty() ? byte : source_[0]) == '{';
  if (is_passed_on) sink.add_arguments(scanner_.written());
  if (!is_passed_on || source_.empty()) source_ += scanner_.written();
  return step == JsonStep::complete ? end_value(sink) : ReadStep::more;
}

ReadStep JsonCallReader::end_value(CallSink& sink) {
  at_ = At::after_value;
  switch (member_) {
    case Member::name: return end_name(sink);
    case Member::arguments: return end_arguments(sink);
    case Member::other: break;
  }
  const bool is_call = notation_.names == NameRule::any || !name_.empty() || source_ == "\"function\"";
  return is_call ? ReadStep::more : ReadStep::wrong;
}

// Without a mark, a call is told from other objects only when it has arguments too.
ReadStep JsonCallReader::end_name(CallSink& sink) {
  name_ = read_string(source_);
  const bool is_unknown = notation_.names == NameRule::known && !tools_.has(name_);
  if (!is_call_name(name_) || is_unknown) return ReadStep::wrong;
  if (has_arguments_ || notation_.names == NameRule::any) begin_call(sink);
  return ReadStep::more;
}

void JsonCallReader::begin_call(CallSink& sink) {
  if (std::exchange(has_begun_, true)) return;
  sink.begin_call(name_, "");
  sink.add_arguments(early_arguments_);
}

ReadStep JsonCallReader::end_arguments(CallSink& sink) {
  std::string arguments;
  if (source_[0] == '{') {
    if (has_begun_) return ReadStep::more;  // already passed on
    arguments = std::move(source_);
  } else if (source_[0] == '"') {
    const std::string text = read_string(source_);
    const bool is_nothing = trim_white_space(text).empty() || trim_white_space(text) == "null";
    const std::optional<std::string> object = is_nothing ? "{}" : read_json_value(text);
    if (!object || !object->starts_with('{')) return ReadStep::wrong;
    arguments = *object;
  } else if (source_ == "null") {
    arguments = "{}";
  } else {
    return ReadStep::wrong;
  }
  if (has_begun_) {
    sink.add_arguments(arguments);
  } else {
    early_arguments_ = std::move(arguments);
  }
  return ReadStep::more;
}

ReadStep JsonCallReader::after_value(char byte, CallSink& sink) {
  if (byte == ',') return go(At::key);
  return byte == '}' ? end_object(sink) : ReadStep::wrong;
}

// Ends a call whose arguments are whole and which lacks only braces.
bool JsonCallReader::end(int64_t mark_bytes, TextEnd how, CallSink& sink) {
  if (mark_bytes > 0 || how == TextEnd::whole || !has_begun_ || !has_arguments_ || at_ != At::after_value)
    return false;
  sink.end_call();
  return true;
}

ReadStep JsonCallReader::end_object(CallSink& sink) {
  if (!has_begun_) return ReadStep::wrong;
  if (!has_arguments_) {
    if (notation_.names == NameRule::known) return ReadStep::wrong;
    sink.add_arguments("{}");
  }
  sink.end_call();
  if (is_list_) return go(At::after_item);
  return is_doubled_ ? go(At::second_brace) : ReadStep::done;
}

}  // namespace shoal
