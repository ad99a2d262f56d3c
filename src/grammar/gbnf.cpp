#include "grammar/gbnf.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "grammar/source_cursor.h"

namespace shoal {
namespace {

constexpr size_t longest_gbnf = 1 << 20;
constexpr int deepest_gbnf = 100;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

class GbnfParser {
 public:
  explicit GbnfParser(std::string_view source) : cursor_(source) {}

  Result<Grammar> parse() {
    if (cursor_.source().size() > longest_gbnf) cursor_.reject("the grammar is longer than 1 MiB");
    if (!is_valid_utf8(cursor_.source())) cursor_.reject("the grammar is no UTF-8");
    skip_space();
    while (!cursor_.is_at_end()) parse_rule();
    if (cursor_.wrong()) return fail(error());
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

  // The error with its place, counted from 1.
  Error error() const {
    const std::string_view before = cursor_.source().substr(0, cursor_.wrong()->at);
    const auto line = std::ranges::count(before, '\n') + 1;
    const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    return {ErrorCode::invalid_argument, fmt::format("line {}, column {}: {}", line,
                                                     before.size() - line_start + 1, cursor_.wrong()->what)};
  }
  void skip_space() {
    while (!cursor_.is_at_end()) {
      if (cursor_.peek() == '#') {
        while (!cursor_.is_at_end() && cursor_.peek() != '\n') cursor_.skip();
      } else if (std::string_view(" \t\r\n").contains(cursor_.peek())) {
        cursor_.skip();
      } else {
        return;
      }
    }
  }

  std::string_view parse_name() {
    const size_t begin = cursor_.at();
    while (is_name_character(cursor_.peek())) cursor_.skip();
    if (cursor_.at() == begin) cursor_.reject("a rule's name is missing");
    return cursor_.since(begin);
  }

  // Whether the name of the next rule begins here: `name ::=`.
  bool is_at_rule() {
    const size_t begin = cursor_.at();
    while (is_name_character(cursor_.peek())) cursor_.skip();
    const bool has_name = cursor_.at() > begin;
    skip_space();
    const bool found = has_name && cursor_.is_at("::=");
    cursor_.go_to(begin);
    return found;
  }

  Rule& rule(std::string_view name) {
    const auto found = rules_.find(name);
    if (found != rules_.end()) return found->second;
    const int32_t index = builder_.add_rule(std::string(name.substr(0, 100)));
    return rules_.emplace(std::string(name), Rule{.index = index}).first->second;
  }

  void parse_rule() {
    const size_t begin = cursor_.at();
    const std::string_view name = parse_name();
    skip_space();
    if (!cursor_.take("::=")) cursor_.reject("\"::=\" is missing");
    if (cursor_.wrong()) return;
    Rule& defined = rule(name);
    if (std::exchange(defined.is_defined, true)) {
      cursor_.go_to(begin);
      return cursor_.reject(fmt::format("rule {} is defined twice", name));
    }
    const int32_t index = defined.index;
    builder_.define(index, parse_choice());
    if (cursor_.peek() == ')') cursor_.reject("an unmatched \")\"");
  }

  Expression parse_choice() {
    if (++depth_ > deepest_gbnf) cursor_.reject("groups are nested too deeply");
    std::vector<Expression> choices;
    do {
      choices.push_back(parse_sequence());
    } while (cursor_.take("|"));
    --depth_;
    return choice_of(std::move(choices));
  }

  Expression parse_sequence() {
    std::vector<Expression> parts;
    for (skip_space(); !cursor_.is_at_end() && cursor_.peek() != '|' && cursor_.peek() != ')'; skip_space()) {
      if (is_name_character(cursor_.peek()) && is_at_rule()) break;
      parts.push_back(parse_repeat());
    }
    return sequence_of(std::move(parts));
  }

  Expression parse_repeat() {
    constexpr int maximum_repeats = 10;  // repeats of repeats
    Expression item = parse_item();
    for (int count = 0;; ++count) {
      const size_t begin = cursor_.at();
      skip_space();
      int64_t least = 0;
      int64_t most = Expression::unlimited;
      if (cursor_.take("*")) {
      } else if (cursor_.take("+")) {
        least = 1;
      } else if (cursor_.take("?")) {
        most = 1;
      } else if (cursor_.take("{")) {
        std::tie(least, most) = parse_counts();
      } else {
        cursor_.go_to(begin);
        return item;
      }
      if (count >= maximum_repeats) cursor_.reject("repeated too often");
      if (cursor_.wrong()) return item;
      item = repeated(std::move(item), least, most);
    }
  }

  std::pair<int64_t, int64_t> parse_counts() {
    const int64_t least = parse_count();
    int64_t most = least;
    if (cursor_.take(",")) {
      skip_space();
      most = cursor_.peek() == '}' ? Expression::unlimited : parse_count();
    }
    if (!cursor_.take("}")) cursor_.reject("a count without \"}\"");
    if (most != Expression::unlimited && most < least)
      cursor_.reject("a count that ends below its beginning");
    return {least, most};
  }

  int64_t parse_count() {
    skip_space();
    const int64_t count = cursor_.take_count();
    skip_space();
    return count;
  }

  Expression parse_item() {
    if (cursor_.take("\"")) return parse_literal();
    if (cursor_.take("[")) return any_of(parse_class());
    if (cursor_.take(".")) return any_of({{0, last_code_point}});
    if (cursor_.take("(")) {
      Expression inner = parse_choice();
      if (!cursor_.take(")")) cursor_.reject("an unmatched \"(\"");
      return inner;
    }
    if (!is_name_character(cursor_.peek())) {
      cursor_.reject("a literal, a class, a group or a rule's name must stand here");
      return never();
    }
    return use_rule(rule(parse_name()).index);
  }

  Expression parse_literal() {
    std::vector<Expression> parts;
    while (!cursor_.wrong() && cursor_.peek() != '"') {
      const char32_t point = parse_character();
      parts.push_back(any_of({{point, point}}));
    }
    if (!cursor_.take("\"")) cursor_.reject("a literal does not end");
    return sequence_of(std::move(parts));
  }

  CodePoints parse_class() {
    const bool is_negated = cursor_.take("^");
    CodePoints set;
    while (!cursor_.wrong() && cursor_.peek() != ']') {
      const char32_t first = parse_character();
      char32_t last = first;
      if (cursor_.is_at_range()) {
        cursor_.skip();
        last = parse_character();
      }
      if (last < first) cursor_.reject("a range that ends below its beginning");
      set.push_back({first, last});
    }
    if (!cursor_.take("]")) cursor_.reject("a class does not end");
    return is_negated ? complement(set) : set;
  }

  char32_t parse_character() {
    if (!cursor_.take("\\")) return cursor_.take_character();
    const char32_t letter = cursor_.take_character();
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
    cursor_.reject("an unknown escape");
    return letter;
  }

  char32_t parse_hex(int count) {
    char32_t value = 0;
    for (int i = 0; i < count; ++i) value = value * 16 + cursor_.take_hex_digit();
    if (value > last_code_point) cursor_.reject("no such character");
    return cursor_.wrong() ? 0 : value;
  }

  SourceCursor cursor_;
  int depth_ = 0;
  GrammarBuilder builder_;
  std::map<std::string, Rule, std::less<>> rules_;
};

}  // namespace

Result<Grammar> parse_gbnf(std::string_view source) { return GbnfParser(source).parse(); }

}  // namespace shoal
