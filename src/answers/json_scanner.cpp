#include "answers/json_scanner.h"

#include "json/value.h"
#include "json/white_space.h"

namespace shoal {
namespace {

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// The value of a hexadecimal digit; -1 for anything else.
int32_t hex_value(char byte) {
  if (is_digit(byte)) return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

}  // namespace

JsonStep JsonScanner::go(State state) {
  state_ = state;
  return JsonStep::more;
}

JsonStep JsonScanner::add(char byte) {
  written_.assign(1, byte);
  return follow(byte);
}

JsonStep JsonScanner::follow(char byte) {
  switch (state_) {
    case State::value: return is_white_space(byte) ? JsonStep::more : begin_value(byte);
    case State::first_item:
      if (is_white_space(byte)) return JsonStep::more;
      return byte == ']' ? close('[') : begin_value(byte);
    case State::first_member:
    case State::next_member:
      if (is_white_space(byte)) return JsonStep::more;
      if (byte == '}' && state_ == State::first_member) return close('{');
      is_key_ = true;
      return byte == '"' ? go(State::string) : JsonStep::wrong;
    case State::colon:
      if (is_white_space(byte)) return JsonStep::more;
      return byte == ':' ? go(State::value) : JsonStep::wrong;
    case State::after_value: return after_value(byte);
    case State::string: return add_to_string(byte);
    case State::escape: return add_escape(byte);
    case State::unicode: return add_unicode(byte);
    case State::literal:
      if (byte != *literal_) return JsonStep::wrong;
      return *++literal_ == '\0' ? end_value() : JsonStep::more;
    case State::minus:
    case State::zero:
    case State::digits:
    case State::dot:
    case State::fraction:
    case State::exponent:
    case State::exponent_sign:
    case State::exponent_digits: return add_to_number(byte);
  }
  return JsonStep::wrong;
}

JsonStep JsonScanner::begin_value(char byte) {
  is_key_ = false;
  switch (byte) {
    case '{': return open('{', State::first_member);
    case '[': return open('[', State::first_item);
    case '"': return go(State::string);
    case '-': return go(State::minus);
    case '0': return go(State::zero);
    case 't': literal_ = "rue"; return go(State::literal);
    case 'f': literal_ = "alse"; return go(State::literal);
    case 'n': literal_ = "ull"; return go(State::literal);
    default: return is_digit(byte) ? go(State::digits) : JsonStep::wrong;
  }
}

JsonStep JsonScanner::end_value() {
  if (open_.empty()) return JsonStep::complete;
  return go(State::after_value);
}

JsonStep JsonScanner::open(char bracket, State state) {
  if (open_.size() >= static_cast<size_t>(maximum_json_depth)) return JsonStep::wrong;
  open_.push_back(bracket);
  return go(state);
}

JsonStep JsonScanner::close(char bracket) {
  if (open_.back() != bracket) return JsonStep::wrong;
  open_.pop_back();
  return end_value();
}

JsonStep JsonScanner::after_value(char byte) {
  if (is_white_space(byte)) return JsonStep::more;
  if (byte == ',') return go(open_.back() == '{' ? State::next_member : State::value);
  if (byte == '}') return close('{');
  return byte == ']' ? close('[') : JsonStep::wrong;
}

JsonStep JsonScanner::add_to_string(char byte) {
  if (is_high_surrogate_ && byte != '\\') return JsonStep::wrong;
  if (byte == '\\') return go(State::escape);
  if (byte == '"') return is_key_ ? go(State::colon) : end_value();
  if (static_cast<unsigned char>(byte) >= 0x20) return JsonStep::more;
  const std::string quoted = format_json_text(written_, /*ascii_only=*/false);
  written_ = quoted.substr(1, quoted.size() - 2);
  return JsonStep::more;
}

JsonStep JsonScanner::add_escape(char byte) {
  unicode_digits_ = 0;
  unicode_ = 0;
  if (byte == 'u') return go(State::unicode);
  constexpr std::string_view simple = "\"\\/bfnrt";
  if (is_high_surrogate_ || simple.find(byte) == std::string_view::npos) return JsonStep::wrong;
  return go(State::string);
}

JsonStep JsonScanner::add_unicode(char byte) {
  const int32_t digit = hex_value(byte);
  if (digit < 0) return JsonStep::wrong;
  unicode_ = unicode_ * 16 + static_cast<uint32_t>(digit);
  if (++unicode_digits_ < 4) return JsonStep::more;
  const bool is_low = unicode_ >= 0xDC00 && unicode_ <= 0xDFFF;
  if (is_low != is_high_surrogate_) return JsonStep::wrong;
  is_high_surrogate_ = unicode_ >= 0xD800 && unicode_ <= 0xDBFF;
  return go(State::string);
}

JsonStep JsonScanner::add_to_number(char byte) {
  const bool has_digit = is_digit(byte);
  const bool is_exponent = byte == 'e' || byte == 'E';
  const bool may_end = state_ == State::zero || state_ == State::digits || state_ == State::fraction ||
                       state_ == State::exponent_digits;
  switch (state_) {
    case State::minus:
      if (has_digit) return go(byte == '0' ? State::zero : State::digits);
      break;
    case State::zero:
    case State::digits:
      if (has_digit && state_ == State::digits) return JsonStep::more;
      if (byte == '.') return go(State::dot);
      if (is_exponent) return go(State::exponent);
      break;
    case State::dot:
      if (has_digit) return go(State::fraction);
      break;
    case State::fraction:
      if (has_digit) return JsonStep::more;
      if (is_exponent) return go(State::exponent);
      break;
    case State::exponent:
      if (byte == '+' || byte == '-') return go(State::exponent_sign);
      [[fallthrough]];
    default:
      if (has_digit) return go(State::exponent_digits);
  }
  if (!may_end) return JsonStep::wrong;
  if (open_.empty()) return JsonStep::complete_before;
  state_ = State::after_value;
  return after_value(byte);
}

std::optional<std::string> read_json_value(std::string_view text) {
  text = trim_white_space(text);
  JsonScanner scanner;
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    const JsonStep step = scanner.add(text[i]);
    value += scanner.written();
    if (step == JsonStep::more) continue;
    if (step == JsonStep::complete && i + 1 == text.size()) return value;
    return std::nullopt;
  }
  // A number ends only with the byte after it.
  if (scanner.add(' ') == JsonStep::complete_before) return value;
  return std::nullopt;
}

}  // namespace shoal
