// Tells byte by byte whether a text is one JSON value, and where the value ends. Builds nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shoal {

enum class JsonStep : uint8_t {
  more,
  complete,         // the value ended with this byte
  complete_before,  // the value, a number, ended before this byte
  wrong,
};

class JsonScanner {
 public:
  // White space before the value is skipped; add() may be called again only after `more`. Depth is bounded by
  // maximum_json_depth. Inside strings, bytes from 0x80 on are accepted as they are, and so are line breaks
  // and other control characters, which models forget to escape.
  JsonStep add(char byte);
  // The last byte as JSON writes it.
  std::string_view written() const { return written_; }

 private:
  enum class State : uint8_t {
    value,
    first_item,
    first_member,
    next_member,
    colon,
    after_value,
    string,
    escape,
    unicode,
    literal,
    minus,
    zero,
    digits,
    dot,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
  };

  JsonStep follow(char byte);
  JsonStep begin_value(char byte);
  JsonStep end_value();
  JsonStep open(char bracket, State state);
  JsonStep close(char bracket);
  JsonStep after_value(char byte);
  JsonStep add_to_string(char byte);
  JsonStep add_escape(char byte);
  JsonStep add_unicode(char byte);
  JsonStep add_to_number(char byte);
  JsonStep go(State state);

  State state_ = State::value;
  std::string open_;  // the open brackets
  bool is_key_ = false;
  std::string written_;
  const char* literal_ = nullptr;  // the rest of true, false or null
  int32_t unicode_digits_ = 0;
  uint32_t unicode_ = 0;
  bool is_high_surrogate_ = false;  // the other half must follow
};

// The value in JSON's spelling when `text` is one value with white space around it, else nullopt.
std::optional<std::string> read_json_value(std::string_view text);

}  // namespace shoal
