#include "templates/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/utf8.h"
#include "templates/jinja/failure.h"
#include "tokens/unicode.h"

namespace shoal::jinja {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

// Makes all line ends
//  and drops the last one, as Jinja's loaders do.
std::string normalize_lines(std::string_view source) {
  std::string lines;
  lines.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      lines += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      lines += source[i];
    }
  }
  if (lines.ends_with('\n')) lines.pop_back();
  return lines;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalize_lines(source)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) read_text_and_tag();
    put(TokenType::end, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void reject(std::string message) const { throw Failure{std::move(message), line_}; }

  void put(TokenType type, std::string text) { tokens_.push_back({type, std::move(text), line_}); }

  bool starts(std::string_view what) const { return std::string_view(source_).substr(at_).starts_with(what); }

  void skip(size_t count) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(at_ + count), '\n'));
    at_ += count;
  }
  void skip_space() {
    size_t end = at_;
    while (end < source_.size() && is_space(source_[end])) ++end;
    skip(end - at_);
  }

  size_t find_tag() const {
    for (size_t i = at_; i + 1 < source_.size(); ++i) {
      if (source_[i] == '{' && (source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#'))
        return i;
    }
    return std::string::npos;
  }

  void read_text_and_tag() {
    const size_t tag = find_tag();
    if (tag == std::string::npos) {
      put(TokenType::text, source_.substr(at_));
      skip(source_.size() - at_);
      return;
    }
    const char kind = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    std::string text = source_.substr(at_, tag - at_);
    if (sign == '-') {
      while (!text.empty() && is_space(text.back())) text.pop_back();
    } else if (sign != '+' && kind != '{') {
      strip_line_start(text);
    }
    if (!text.empty()) put(TokenType::text, text);
    skip(tag - at_ + 2 + (sign == '-' || sign == '+' ? 1 : 0));
    if (kind == '#') {
      read_comment();
    } else if (kind == '%') {
      if (!read_raw()) read_tag(TokenType::block_begin);
    } else {
      read_tag(TokenType::variable_begin);
    }
    at_line_start_ = at_ > 0 && source_[at_ - 1] == '\n';
  }

  // lstrip_blocks: removes blanks between the start of a line and a block.
  void strip_line_start(std::string& text) const {
    const size_t newline = text.rfind('\n');
    const size_t line_start = newline == std::string::npos ? 0 : newline + 1;
    if (line_start == 0 && !at_line_start_) return;
    if (std::all_of(text.begin() + static_cast<std::ptrdiff_t>(line_start), text.end(), is_space)) {
      text.resize(line_start);
    }
  }

  // Takes the end of a tag, whose two characters are `close`. trim_blocks removes the newline after blocks
  // and comments.
  bool try_close(std::string_view close, bool trims_newline) {
    const bool minus = starts("-") && std::string_view(source_).substr(at_ + 1).starts_with(close);
    const bool plus =
        trims_newline && starts("+") && std::string_view(source_).substr(at_ + 1).starts_with(close);
    if (!minus && !plus && !starts(close)) return false;
    skip(close.size() + (minus || plus ? 1 : 0));
    if (minus) {
      skip_space();
    } else if (!plus && trims_newline && starts("\n")) {
      skip(1);
    }
    return true;
  }

  void read_comment() {
    const int line = line_;
    while (at_ < source_.size()) {
      if (try_close("#}", /*trims_newline=*/true)) return;
      skip(1);
    }
    throw Failure{"a comment does not end", line};
  }

  // Reads {% raw %} … {% endraw %}.
  bool read_raw() {
    size_t i = at_;
    const auto skip_blanks = [&] {
      while (i < source_.size() && is_space(source_[i])) ++i;
    };
    skip_blanks();
    if (source_.compare(i, 3, "raw") != 0) return false;
    i += 3;
    skip_blanks();
    const bool strips = i < source_.size() && source_[i] == '-';
    if (strips) ++i;
    if (source_.compare(i, 2, "%}") != 0) return false;
    skip(i + 2 - at_);
    if (strips) skip_space();
    at_line_start_ = at_ > 0 && source_[at_ - 1] == '\n';
    const int line = line_;
    for (size_t begin = source_.find("{%", at_); begin != std::string::npos;
         begin = source_.find("{%", begin + 2)) {
      size_t inner = begin + 2;
      const char sign = inner < source_.size() ? source_[inner] : '\0';
      if (sign == '-' || sign == '+') ++inner;
      while (inner < source_.size() && is_space(source_[inner])) ++inner;
      if (source_.compare(inner, 6, "endraw") != 0) continue;
      inner += 6;
      while (inner < source_.size() && is_space(source_[inner])) ++inner;
      std::string text = source_.substr(at_, begin - at_);
      if (sign == '-') {
        while (!text.empty() && is_space(text.back())) text.pop_back();
      } else if (sign != '+') {
        strip_line_start(text);
      }
      if (!text.empty()) put(TokenType::text, text);
      skip(inner - at_);
      if (!try_close("%}", /*trims_newline=*/true)) reject("'endraw' is not closed");
      return true;
    }
    throw Failure{"a raw block does not end", line};
  }

  void read_tag(TokenType begin) {
    put(begin, "");
    const bool block = begin == TokenType::block_begin;
    const int line = line_;
    std::string open;  // brackets that are not closed yet
    while (true) {
      skip_space();
      if (at_ >= source_.size()) throw Failure{"a tag does not end", line};
      if (open.empty() && try_close(block ? "%}" : "}}", block)) {
        put(block ? TokenType::block_end : TokenType::variable_end, "");
        return;
      }
      read_token(open);
    }
  }

  void read_token(std::string& open) {
    const char c = source_[at_];
    if (c == '"' || c == '\'') {
      read_string(c);
    } else if (is_ascii_digit(c)) {
      read_number();
    } else if (const size_t length = name_length(); length > 0) {
      put(TokenType::name, source_.substr(at_, length));
      at_ += length;
    } else {
      read_symbol(open);
    }
  }

  size_t name_length() const {
    size_t end = at_;
    while (end < source_.size()) {
      const CodePoint c = decode_utf8(source_, static_cast<int64_t>(end));
      const bool fits = c.value < 0x80
                            ? c.value == '_' || std::isalnum(static_cast<unsigned char>(source_[end])) != 0
                            : c.valid && is_word_character(c.value);
      if (!fits || (end == at_ && is_number(c.value))) break;
      end += static_cast<size_t>(c.length);
    }
    return end - at_;
  }

  void read_symbol(std::string& open) {
    constexpr std::array<std::string_view, 6> double_operators = {"//", "**", "==", "!=", ">=", "<="};
    constexpr std::string_view single = "+-*/%~<>=.:|,()[]{}";
    for (const std::string_view symbol : double_operators) {
      if (starts(symbol)) {
        put(TokenType::symbol, std::string(symbol));
        at_ += 2;
        return;
      }
    }
    const char c = source_[at_];
    if (single.find(c) == std::string_view::npos) {
      const CodePoint wrong = decode_utf8(source_, static_cast<int64_t>(at_));
      std::string shown;
      append_utf8(wrong.value, shown);
      reject(fmt::format("an unexpected '{}'", shown));
    }
    if (c == '(' || c == '[' || c == '{') open += c;
    if (c == ')' || c == ']' || c == '}') {
      const char expected = c == ')' ? '(' : c == ']' ? '[' : '{';
      if (open.empty() || open.back() != expected) reject(fmt::format("an unexpected '{}'", c));
      open.pop_back();
    }
    put(TokenType::symbol, std::string(1, c));
    ++at_;
  }

  void read_number() {
    const bool after_dot = !tokens_.empty() && at_ > 0 && source_[at_ - 1] == '.';
    std::string digits;
    const auto take_digits = [&](auto accepts) {
      while (at_ < source_.size() && (accepts(source_[at_]) || source_[at_] == '_')) {
        if (source_[at_] != '_') digits += source_[at_];
        ++at_;
      }
    };
    if (source_[at_] == '0' && at_ + 1 < source_.size() &&
        std::string_view("xXoObB").find(source_[at_ + 1]) != std::string_view::npos) {
      digits = source_.substr(at_, 2);
      at_ += 2;
      take_digits([](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
      put(TokenType::integer, digits);
      return;
    }
    take_digits(is_ascii_digit);
    TokenType type = TokenType::integer;
    const auto digit_at = [&](size_t i) { return i < source_.size() && is_ascii_digit(source_[i]); };
    if (!after_dot && starts(".") && digit_at(at_ + 1)) {
      type = TokenType::number;
      digits += source_[at_++];
      take_digits(is_ascii_digit);
    }
    if (!after_dot && (starts("e") || starts("E"))) {
      const size_t sign =
          at_ + 1 < source_.size() && (source_[at_ + 1] == '-' || source_[at_ + 1] == '+') ? 1 : 0;
      if (digit_at(at_ + 1 + sign)) {
        type = TokenType::number;
        digits += source_.substr(at_, 1 + sign);
        at_ += 1 + sign;
        take_digits(is_ascii_digit);
      }
    }
    put(type, digits);
  }

  void read_string(char quote) {
    const int line = line_;
    skip(1);
    std::string value;
    while (at_ < source_.size() && source_[at_] != quote) {
      if (source_[at_] == '\\' && at_ + 1 < source_.size()) {
        skip(1);
        read_escape(value);
      } else {
        value += source_[at_];
        skip(1);
      }
    }
    if (at_ >= source_.size()) throw Failure{"a string does not end", line};
    ++at_;
    tokens_.push_back({TokenType::string, std::move(value), line});
  }

  // Reads one of Python's escapes; anything else stays as it is, with its backslash.
  void read_escape(std::string& value) {
    constexpr std::string_view escaped_letters = "\\'\"abfnrtv";
    constexpr std::string_view meaning = "\\'\"\a\b\f\n\r\t\v";
    const char c = source_[at_];
    if (const size_t index = escaped_letters.find(c); index != std::string_view::npos) {
      value += meaning[index];
      ++at_;
    } else if (c == '\n') {
      skip(1);
    } else if (c >= '0' && c <= '7') {
      char32_t code = 0;
      for (int i = 0; i < 3 && at_ < source_.size() && source_[at_] >= '0' && source_[at_] <= '7'; ++i) {
        code = 8 * code + static_cast<char32_t>(source_[at_++] - '0');
      }
      append_utf8(code, value);
    } else if (c == 'x' || c == 'u' || c == 'U') {
      read_hexadecimal(c == 'x' ? 2 : c == 'u' ? 4 : 8, value);
    } else {
      value += '\\';
      value += c;
      skip(1);
    }
  }

  void read_hexadecimal(int digits, std::string& value) {
    ++at_;
    char32_t code = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      if (at_ >= source_.size() || std::isxdigit(static_cast<unsigned char>(source_[at_])) == 0) {
        reject("a string has a wrong escape");
      }
      const char c = source_[at_];
      code = 16 * code + static_cast<char32_t>(is_ascii_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
      if (code > 0x10FFFF) reject("a string has an escape that is no character");
    }
    // Half of a surrogate pair is not a character.
    append_utf8(code >= 0xD800 && code < 0xE000 ? replacement_character : code, value);
  }

  const std::string source_;
  size_t at_ = 0;
  int line_ = 1;
  bool at_line_start_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace shoal::jinja
