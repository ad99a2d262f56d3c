#include "answers/python_literal.h"

#include <array>
#include <utility>

#include "base/utf8.h"
#include "json/value.h"
#include "json/white_space.h"

namespace shoal {
namespace {

constexpr int maximum_depth = 64;

std::optional<uint32_t> parse_hex(std::string_view digits) {
  uint32_t value = 0;
  for (const char digit : digits) {
    const bool is_letter = (digit >= 'a' && digit <= 'f') || (digit >= 'A' && digit <= 'F');
    if (!is_letter && (digit < '0' || digit > '9')) return std::nullopt;
    value = value * 16 + static_cast<uint32_t>(is_letter ? (digit | 0x20) - 'a' + 10 : digit - '0');
  }
  return value;
}

// Converts by recursive descent of bounded depth.
class Converter {
 public:
  explicit Converter(std::string_view source) : source_(source) {}

  std::optional<std::string> convert() {
    if (!value(0)) return std::nullopt;
    skip_space();
    return at_ == source_.size() ? std::optional(std::move(json_)) : std::nullopt;
  }

 private:
  void skip_space() {
    while (at_ < source_.size() && is_white_space(source_[at_])) ++at_;
  }
  char peek() const { return at_ < source_.size() ? source_[at_] : '\0'; }
  bool take(char byte) {
    skip_space();
    if (peek() != byte) return false;
    ++at_;
    return true;
  }

  bool value(int depth) {
    skip_space();
    switch (peek()) {
      case '\'':
      case '"': return text();
      case '[': return list('[', ']', depth);
      case '(': return list('(', ')', depth);
      case '{': return dict(depth);
      default: return word();
    }
  }

  bool list(char open, char close, int depth) {
    if (depth >= maximum_depth || !take(open)) return false;
    json_ += '[';
    for (bool first = true; !take(close); first = false) {
      if (!first && !take(',')) return false;
      if (!first && take(close)) break;  // a trailing comma
      if (!first) json_ += ", ";
      if (!value(depth + 1)) return false;
    }
    json_ += ']';
    return true;
  }

  bool dict(int depth) {
    if (depth >= maximum_depth || !take('{')) return false;
    json_ += '{';
    for (bool first = true; !take('}'); first = false) {
      if (!first && !take(',')) return false;
      if (!first && take('}')) break;
      if (!first) json_ += ", ";
      skip_space();
      if (!text() || !take(':')) return false;
      json_ += ": ";
      if (!value(depth + 1)) return false;
    }
    json_ += '}';
    return true;
  }

  bool text() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return false;
    std::string text;
    for (++at_; at_ < source_.size(); ++at_) {
      if (source_[at_] == quote) {
        ++at_;
        json_ += format_json_text(text, /*ascii_only=*/false);
        return true;
      }
      if (source_[at_] != '\\') {
        text += source_[at_];
      } else if (!escape(text)) {
        return false;
      }
    }
    return false;
  }

  // Reads an escape from its backslash; stops at its last byte.
  bool escape(std::string& text) {
    constexpr std::array<std::pair<char, char>, 9> simple{{{'n', '\n'},
                                                           {'t', '\t'},
                                                           {'r', '\r'},
                                                           {'b', '\b'},
                                                           {'f', '\f'},
                                                           {'0', '\0'},
                                                           {'\\', '\\'},
                                                           {'\'', '\''},
                                                           {'"', '"'}}};
    ++at_;
    for (const auto& [letter, meaning] : simple) {
      if (peek() != letter) continue;
      text += meaning;
      return true;
    }
    const size_t digits = peek() == 'x' ? 2 : peek() == 'u' ? 4 : peek() == 'U' ? 8 : 0;
    if (digits == 0) {  // Python keeps an unknown escape as it is
      text += '\\';
      --at_;
      return true;
    }
    if (at_ + digits >= source_.size()) return false;
    std::optional<uint32_t> code = parse_hex(source_.substr(at_ + 1, digits));
    at_ += digits;
    if (code && *code >= 0xD800 && *code <= 0xDBFF) code = join_surrogates(*code);
    if (!code || *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF)) return false;
    append_utf8(*code, text);
    return true;
  }

  std::optional<uint32_t> join_surrogates(uint32_t high) {
    if (source_.substr(at_ + 1, 2) != "\\u" || at_ + 7 > source_.size()) return std::nullopt;
    const std::optional<uint32_t> low = parse_hex(source_.substr(at_ + 3, 4));
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return std::nullopt;
    at_ += 6;
    return 0x10000 + ((high - 0xD800) << 10) + (*low - 0xDC00);
  }

  bool word() {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> word_values{{{"True", "true"},
                                                                                        {"False", "false"},
                                                                                        {"None", "null"},
                                                                                        {"true", "true"},
                                                                                        {"false", "false"},
                                                                                        {"null", "null"}}};
    const size_t begin = at_;
    while (at_ < source_.size() &&
           std::string_view(",:()[]{}'\" \n\r\t").find(peek()) == std::string_view::npos)
      ++at_;
    const std::string_view word = source_.substr(begin, at_ - begin);
    for (const auto& [python, json] : word_values) {
      if (word != python) continue;
      json_ += json;
      return true;
    }
    return number(word);
  }

  // Python also writes 1. and .5 and +1, which JSON does not have.
  bool number(std::string_view word) {
    if (word.starts_with('+')) word.remove_prefix(1);
    std::string digits(word);
    const size_t dot = digits.find('.');
    if (dot != std::string::npos &&
        (dot + 1 == digits.size() || digits[dot + 1] == 'e' || digits[dot + 1] == 'E')) {
      digits.insert(dot + 1, 1, '0');
    }
    if (dot != std::string::npos && (dot == 0 || (dot == 1 && digits[0] == '-'))) digits.insert(dot, 1, '0');
    const Result<Value> value = parse_json(digits);
    if (!value || (value->integer() == nullptr && value->number() == nullptr)) return false;
    json_ += digits;
    return true;
  }

  const std::string_view source_;
  size_t at_ = 0;
  std::string json_;
};

}  // namespace

std::optional<std::string> python_literal_to_json(std::string_view literal) {
  return Converter(literal).convert();
}

}  // namespace shoal
