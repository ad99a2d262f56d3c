#include "text/grammar/regex.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <optional>
#include <utility>

#include "text/utf8.h"

namespace shoal {
namespace {

constexpr int kMaximumDepth = 100;
constexpr int64_t kMaximumCount = 10'000;
constexpr size_t kMaximumBytes = 16'384;

CodePoints digits() { return {{'0', '9'}}; }
CodePoints word_characters() { return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}; }
CodePoints line_ends() { return {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}; }
CodePoints spaces() {
  return {{'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
          {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
}

Expression anchor(ExpressionKind kind) {
  Expression expression;
  expression.kind = kind;
  return expression;
}

// General categories by their short names, "L" for all that begin with it; empty for what is none.
CodePoints category(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kLongNames[] = {{"Letter", "L"},
                                                                          {"Lowercase_Letter", "Ll"},
                                                                          {"Uppercase_Letter", "Lu"},
                                                                          {"Mark", "M"},
                                                                          {"Number", "N"},
                                                                          {"Decimal_Number", "Nd"},
                                                                          {"digit", "Nd"},
                                                                          {"Punctuation", "P"},
                                                                          {"punct", "P"},
                                                                          {"Symbol", "S"},
                                                                          {"Separator", "Z"},
                                                                          {"Space_Separator", "Zs"},
                                                                          {"Currency_Symbol", "Sc"},
                                                                          {"Math_Symbol", "Sm"}};
  for (const auto& [long_name, short_name] : kLongNames) {
    if (name == long_name) name = short_name;
  }
  CodePoints found;
  if (name.empty() || name.size() > 2) return found;
  for (char32_t point = 0; point <= kLastCodePoint; ++point) {
    const std::string_view own = utf8proc_category_string(static_cast<utf8proc_int32_t>(point));
    if (own == "Cn" || !own.starts_with(name)) continue;
    if (!found.empty() && found.back().last + 1 == point) {
      found.back().last = point;
    } else {
      found.push_back({point, point});
    }
  }
  return found;
}

class Parser {
 public:
  explicit Parser(std::string_view pattern) : pattern_(pattern) {}

  Result<Expression> parse() {
    if (pattern_.size() > kMaximumBytes) reject("it is longer than 16384 bytes");
    if (!is_valid_utf8(pattern_)) reject("it is no UTF-8");
    Expression expression = parse_choice();
    if (at_ < pattern_.size()) reject("an unmatched \")\"");
    if (error_) return fail(ErrorCode::invalid_argument, *error_);
    return expression;
  }

 private:
  bool is_at_end() const { return error_ || at_ >= pattern_.size(); }
  char peek() const { return is_at_end() ? '\0' : pattern_[at_]; }
  bool take(std::string_view text) {
    if (is_at_end() || !pattern_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  char32_t take_character() {
    if (is_at_end()) {
      reject("it ends too early");
      return 0;
    }
    const CodePoint point = decode_utf8(pattern_, static_cast<int64_t>(at_));
    at_ += static_cast<size_t>(point.length);
    return point.value;
  }
  void reject(std::string_view what) {
    if (!error_) error_ = fmt::format("pattern \"{}\": {} at byte {}", pattern_.substr(0, 200), what, at_);
  }

  Expression parse_choice() {
    if (++depth_ > kMaximumDepth) reject("groups are nested too deeply");
    std::vector<Expression> choices;
    do {
      std::vector<Expression> parts;
      while (!is_at_end() && peek() != '|' && peek() != ')') parts.push_back(parse_repeat());
      choices.push_back(sequence_of(std::move(parts)));
    } while (take("|"));
    --depth_;
    return choice_of(std::move(choices));
  }

  Expression parse_repeat() {
    Expression item = parse_item();
    if (is_at_end()) return item;
    int64_t least = 0;
    int64_t most = Expression::kUnlimited;
    if (take("*")) {
    } else if (take("+")) {
      least = 1;
    } else if (take("?")) {
      most = 1;
    } else if (peek() == '{') {
      ++at_;
      least = parse_count();
      most = least;
      if (take(",")) most = peek() == '}' ? Expression::kUnlimited : parse_count();
      if (!take("}")) reject("a count without \"}\"");
      if (most != Expression::kUnlimited && most < least) reject("a count that ends below its beginning");
    } else {
      return item;
    }
    take("?");  // which match is found first makes no difference to whether there is one
    return repeated(std::move(item), least, most);
  }

  int64_t parse_count() {
    int64_t count = 0;
    if (peek() < '0' || peek() > '9') reject("a count is missing");
    while (peek() >= '0' && peek() <= '9') {
      count = count * 10 + (pattern_[at_++] - '0');
      if (count > kMaximumCount) reject("a count is over 10000");
    }
    return count;
  }

  Expression parse_item() {
    if (take("^")) return anchor(ExpressionKind::text_begin);
    if (take("$")) return anchor(ExpressionKind::text_end);
    if (take(".")) return any_of(complement(line_ends()));
    if (take("[")) return any_of(parse_class());
    if (take("(")) return parse_group();
    if (take("\\")) return parse_escape();
    if (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{') reject("nothing to repeat");
    const char32_t point = take_character();
    return any_of({{point, point}});
  }

  Expression parse_group() {
    if (take("?")) {
      if (take("<") && peek() != '=' && peek() != '!') {
        while (!is_at_end() && peek() != '>') ++at_;
        if (!take(">")) reject("a group's name does not end");
      } else if (!take(":")) {
        reject("look-around is not supported");
      }
    }
    Expression inner = parse_choice();
    if (!take(")")) reject("an unmatched \"(\"");
    return inner;
  }

  Expression parse_escape() {
    if (peek() == 'b' || peek() == 'B') reject("word borders are not supported");
    if ((peek() >= '1' && peek() <= '9') || peek() == 'k') reject("back-references are not supported");
    CodePoints set = parse_escaped_set();
    if (set.empty()) reject("an empty set");
    return any_of(std::move(set));
  }

  // Behind the backslash.
  CodePoints parse_escaped_set() {
    const char32_t letter = take_character();
    switch (letter) {
      case 'd': return digits();
      case 'D': return complement(digits());
      case 'w': return word_characters();
      case 'W': return complement(word_characters());
      case 's': return spaces();
      case 'S': return complement(spaces());
      case 'p': return parse_category();
      case 'P': return complement(parse_category());
      default: break;
    }
    const char32_t point = escaped_character(letter);
    return {{point, point}};
  }

  char32_t escaped_character(char32_t letter) {
    switch (letter) {
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'f': return '\f';
      case 'v': return '\v';
      case '0': return 0;
      case 'c': return take_character() % 32;
      case 'x': return parse_hex(2);
      case 'u': return parse_unicode();
      default: break;
    }
    const bool is_letter = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    if (is_letter) reject("an unknown escape");
    return letter;
  }

  char32_t parse_hex(int count) {
    char32_t value = 0;
    for (int i = 0; i < count; ++i) value = value * 16 + hex_digit();
    return value;
  }

  char32_t hex_digit() {
    const char32_t digit = take_character();
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    reject("a hexadecimal digit is missing");
    return 0;
  }

  char32_t parse_unicode() {
    char32_t value = 0;
    if (take("{")) {
      while (!is_at_end() && peek() != '}') {
        value = value * 16 + hex_digit();
        if (value > kLastCodePoint) reject("no such character");
      }
      if (!take("}")) reject("an escape does not end");
      return value;
    }
    value = parse_hex(4);
    if (value < 0xD800 || value > 0xDBFF || !take("\\u")) return value;
    const char32_t low = parse_hex(4);
    if (low < 0xDC00 || low > 0xDFFF) reject("half a surrogate pair");
    return 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
  }

  CodePoints parse_category() {
    if (!take("{")) reject("a category is missing");
    const size_t begin = at_;
    while (!is_at_end() && peek() != '}') ++at_;
    std::string_view name = pattern_.substr(begin, at_ - begin);
    if (!take("}")) reject("a category does not end");
    for (const std::string_view prefix : {"General_Category=", "gc="}) {
      if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    CodePoints found = error_ ? CodePoints() : category(name);
    if (found.empty()) reject("an unknown category");
    return found;
  }

  // Behind the bracket.
  CodePoints parse_class() {
    const bool is_negated = take("^");
    CodePoints set;
    while (!is_at_end() && peek() != ']') {
      CodePoints first = parse_class_member();
      const bool is_range = peek() == '-' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']';
      if (is_range && is_single(first)) {
        ++at_;
        const CodePoints last = parse_class_member();
        if (error_) break;
        if (!is_single(last) || last[0].first < first[0].first) {
          reject("a range that ends below its beginning");
        } else {
          first[0].last = last[0].first;
        }
      }
      set.insert(set.end(), first.begin(), first.end());
    }
    if (!take("]")) reject("an unmatched \"[\"");
    return is_negated ? complement(set) : set;
  }

  static bool is_single(const CodePoints& set) { return set.size() == 1 && set[0].first == set[0].last; }

  CodePoints parse_class_member() {
    if (take("\\")) {
      if (take("b")) return {{'\b', '\b'}};
      if (take("-")) return {{'-', '-'}};
      return parse_escaped_set();
    }
    const char32_t point = take_character();
    return {{point, point}};
  }

  const std::string_view pattern_;
  size_t at_ = 0;
  int depth_ = 0;
  std::optional<std::string> error_;
};

}  // namespace

Result<Expression> parse_regex(std::string_view pattern) { return Parser(pattern).parse(); }

Result<Expression> parse_regex_search(std::string_view pattern) {
  Result<Expression> inner = parse_regex(pattern);
  if (!inner) return inner;
  const Expression anything = repeated(any_of({{0, kLastCodePoint}}), 0, Expression::kUnlimited);
  std::vector<Expression> parts;
  parts.push_back(anything);
  parts.push_back(*std::move(inner));
  parts.push_back(anything);
  return sequence_of(std::move(parts));
}

}  // namespace shoal
