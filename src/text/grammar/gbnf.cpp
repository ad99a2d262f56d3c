#include "text/grammar/gbnf.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "text/utf8.h"

namespace shoal {
namespace {

constexpr size_t kMaximumBytes = 1 << 20;
constexpr int kMaximumDepth = 100;
constexpr int64_t kMaximumCount = 10'000;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

class GbnfParser {
 public:
  explicit GbnfParser(std::string_view source) : source_(source) {}

  Result<Grammar> parse() {
    if (source_.size() > kMaximumBytes) reject("the grammar is longer than 1 MiB");
    if (!is_valid_utf8(source_)) reject("the grammar is no UTF-8");
    skip_space();
    while (!error_ && at_ < source_.size()) parse_rule();
    if (error_) return fail(ErrorCode::invalid_argument, *error_);
    for (const auto& [name, rule] : rules_) {
      if (rule.is_defined) continue;
      return fail(ErrorCode::invalid_argument, fmt::format("rule {} is used but not defined", name));
    }
    const auto root = rules_.find("root");
    if (root == rules_.end()) return fail(ErrorCode::invalid_argument, "there is no rule root");
    return builder_.build(root->second.index);
  }

 private:
  struct Rule {
    int32_t index;
    bool is_defined = false;
  };

  char peek() const { return !error_ && at_ < source_.size() ? source_[at_] : '\0'; }
  bool take(std::string_view text) {
    if (error_ || !source_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  void reject(std::string_view what) {
    if (error_) return;
    const std::string_view before = source_.substr(0, at_);
    const auto line = std::ranges::count(before, '\n') + 1;
    const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    error_ = fmt::format("line {}, column {}: {}", line, at_ - line_start + 1, what);
  }
  char32_t take_character() {
    if (error_ || at_ >= source_.size()) {
      reject("the grammar ends too early");
      return 0;
    }
    const CodePoint point = decode_utf8(source_, static_cast<int64_t>(at_));
    at_ += static_cast<size_t>(point.length);
    return point.value;
  }
  void skip_space() {
    while (at_ < source_.size()) {
      if (source_[at_] == '#') {
        at_ = std::min(source_.find('\n', at_), source_.size());
      } else if (std::string_view(" \t\r\n").contains(source_[at_])) {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::string_view parse_name() {
    const size_t begin = at_;
    while (is_name_character(peek())) ++at_;
    if (at_ == begin) reject("a rule's name is missing");
    return source_.substr(begin, at_ - begin);
  }

  // The name of the next rule begins here: `name ::=`.
  bool is_at_rule() {
    const size_t begin = at_;
    while (is_name_character(peek())) ++at_;
    const bool has_name = at_ > begin;
    skip_space();
    const bool found = has_name && source_.substr(at_).starts_with("::=");
    at_ = begin;
    return found;
  }

  Rule& rule(std::string_view name) {
    const auto found = rules_.find(name);
    if (found != rules_.end()) return found->second;
    const int32_t index = builder_.add_rule(std::string(name.substr(0, 100)));
    return rules_.emplace(std::string(name), Rule{.index = index}).first->second;
  }

  void parse_rule() {
    const size_t begin = at_;
    const std::string_view name = parse_name();
    skip_space();
    if (!take("::=")) reject("\"::=\" is missing");
    if (error_) return;
    Rule& defined = rule(name);
    if (std::exchange(defined.is_defined, true)) {
      at_ = begin;
      return reject(fmt::format("rule {} is defined twice", name));
    }
    const int32_t index = defined.index;
    builder_.define(index, parse_choice());
    if (peek() == ')') reject("an unmatched \")\"");
  }

  Expression parse_choice() {
    if (++depth_ > kMaximumDepth) reject("groups are nested too deeply");
    std::vector<Expression> choices;
    do {
      choices.push_back(parse_sequence());
    } while (take("|"));
    --depth_;
    return choice_of(std::move(choices));
  }

  Expression parse_sequence() {
    std::vector<Expression> parts;
    for (skip_space(); !error_ && at_ < source_.size() && peek() != '|' && peek() != ')'; skip_space()) {
      if (is_name_character(peek()) && is_at_rule()) break;
      parts.push_back(parse_repeat());
    }
    return sequence_of(std::move(parts));
  }

  Expression parse_repeat() {
    constexpr int kMaximumRepeats = 10;  // of repeats
    Expression item = parse_item();
    for (int count = 0;; ++count) {
      const size_t begin = at_;
      skip_space();
      int64_t least = 0;
      int64_t most = Expression::kUnlimited;
      if (take("*")) {
      } else if (take("+")) {
        least = 1;
      } else if (take("?")) {
        most = 1;
      } else if (take("{")) {
        std::tie(least, most) = parse_counts();
      } else {
        at_ = begin;
        return item;
      }
      if (count >= kMaximumRepeats) reject("repeated too often");
      if (error_) return item;
      item = repeated(std::move(item), least, most);
    }
  }

  std::pair<int64_t, int64_t> parse_counts() {
    const int64_t least = parse_count();
    int64_t most = least;
    if (take(",")) {
      skip_space();
      most = peek() == '}' ? Expression::kUnlimited : parse_count();
    }
    if (!take("}")) reject("a count without \"}\"");
    if (most != Expression::kUnlimited && most < least) reject("a count that ends below its beginning");
    return {least, most};
  }

  int64_t parse_count() {
    skip_space();
    int64_t count = 0;
    if (peek() < '0' || peek() > '9') reject("a count is missing");
    while (peek() >= '0' && peek() <= '9') {
      count = count * 10 + (source_[at_++] - '0');
      if (count > kMaximumCount) reject("a count is over 10000");
    }
    skip_space();
    return count;
  }

  Expression parse_item() {
    if (take("\"")) return parse_literal();
    if (take("[")) return any_of(parse_class());
    if (take(".")) return any_of({{0, kLastCodePoint}});
    if (take("(")) {
      Expression inner = parse_choice();
      if (!take(")")) reject("an unmatched \"(\"");
      return inner;
    }
    if (!is_name_character(peek())) {
      reject("a literal, a class, a group or a rule's name must stand here");
      return never();
    }
    return use_rule(rule(parse_name()).index);
  }

  Expression parse_literal() {
    std::vector<Expression> parts;
    while (!error_ && peek() != '"') {
      const char32_t point = parse_character();
      parts.push_back(any_of({{point, point}}));
    }
    if (!take("\"")) reject("a literal does not end");
    return sequence_of(std::move(parts));
  }

  CodePoints parse_class() {
    const bool is_negated = take("^");
    CodePoints set;
    while (!error_ && peek() != ']') {
      const char32_t first = parse_character();
      char32_t last = first;
      if (peek() == '-' && at_ + 1 < source_.size() && source_[at_ + 1] != ']') {
        ++at_;
        last = parse_character();
      }
      if (last < first) reject("a range that ends below its beginning");
      set.push_back({first, last});
    }
    if (!take("]")) reject("a class does not end");
    return is_negated ? complement(set) : set;
  }

  char32_t parse_character() {
    if (!take("\\")) return take_character();
    const char32_t letter = take_character();
    switch (letter) {
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'x': return parse_hex(2);
      case 'u': return parse_hex(4);
      case 'U': return parse_hex(8);
      case '"':
      case '\\':
      case '[':
      case ']':
      case '-':
      case '^': return letter;
      default: break;
    }
    reject("an unknown escape");
    return letter;
  }

  char32_t parse_hex(int count) {
    char32_t value = 0;
    for (int i = 0; i < count; ++i) {
      const char32_t digit = take_character();
      if (digit >= '0' && digit <= '9') {
        value = value * 16 + (digit - '0');
      } else if (digit >= 'a' && digit <= 'f') {
        value = value * 16 + (digit - 'a' + 10);
      } else if (digit >= 'A' && digit <= 'F') {
        value = value * 16 + (digit - 'A' + 10);
      } else {
        reject("a hexadecimal digit is missing");
      }
    }
    if (value > kLastCodePoint) reject("no such character");
    return error_ ? 0 : value;
  }

  const std::string_view source_;
  size_t at_ = 0;
  int depth_ = 0;
  std::optional<std::string> error_;
  GrammarBuilder builder_;
  std::map<std::string, Rule, std::less<>> rules_;
};

}  // namespace

Result<Grammar> parse_gbnf(std::string_view source) { return GbnfParser(source).parse(); }

}  // namespace shoal
