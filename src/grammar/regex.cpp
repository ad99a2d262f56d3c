#include "grammar/regex.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <optional>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "grammar/source_cursor.h"

namespace shoal {
namespace {

constexpr int deepest_regex = 100;
constexpr size_t longest_regex = 16'384;

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

// A general category by its short name, or "L" for all that begin with L; empty when there is none.
CodePoints category(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> long_names[] = {{"Letter", "L"},
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
  for (const auto& [long_name, short_name] : long_names) {
    if (name == long_name) name = short_name;
  }
  CodePoints found;
  if (name.empty() || name.size() > 2) return found;
  for (char32_t point = 0; point <= last_code_point; ++point) {
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
  explicit Parser(std::string_view pattern) : cursor_(pattern) {}

  struct Parsed {
    Expression expression;
    std::vector<SearchedPattern::Ahead> ahead;  // after a ^ that is not in `expression`
  };

  Result<Parsed> parse() {
    if (cursor_.source().size() > longest_regex) cursor_.reject("it is longer than 16384 bytes");
    if (!is_valid_utf8(cursor_.source())) cursor_.reject("it is no UTF-8");
    std::vector<SearchedPattern::Ahead> ahead;
    if (cursor_.is_at("^(?=") || cursor_.is_at("^(?!")) {
      cursor_.skip();
      ahead = parse_ahead();
    }
    Expression expression = parse_choice();
    if (!cursor_.is_at_end()) cursor_.reject("an unmatched \")\"");
    if (!ahead.empty() && outer_choices_ > 1)
      cursor_.reject("look-around beside other alternatives is not supported");
    if (const auto& wrong = cursor_.wrong()) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("pattern \"{}\": {} at byte {}", cursor_.source().substr(0, 200), wrong->what,
                              wrong->at));
    }
    return Parsed{.expression = std::move(expression), .ahead = std::move(ahead)};
  }

 private:
  std::vector<SearchedPattern::Ahead> parse_ahead() {
    std::vector<SearchedPattern::Ahead> ahead;
    for (;;) {
      const bool is_negative = cursor_.take("(?!");
      if (!is_negative && !cursor_.take("(?=")) return ahead;
      ahead.push_back({.text = parse_choice(), .is_negative = is_negative});
      if (!cursor_.take(")")) cursor_.reject("an unmatched \"(\"");
    }
  }

  Expression parse_choice() {
    if (++depth_ > deepest_regex) cursor_.reject("groups are nested too deeply");
    std::vector<Expression> choices;
    do {
      std::vector<Expression> parts;
      while (!cursor_.is_at_end() && cursor_.peek() != '|' && cursor_.peek() != ')')
        parts.push_back(parse_repeat());
      choices.push_back(sequence_of(std::move(parts)));
    } while (cursor_.take("|"));
    if (--depth_ == 0) outer_choices_ = choices.size();
    return choice_of(std::move(choices));
  }

  Expression parse_repeat() {
    Expression item = parse_item();
    if (cursor_.is_at_end()) return item;
    int64_t least = 0;
    int64_t most = Expression::unlimited;
    if (cursor_.take("*")) {
    } else if (cursor_.take("+")) {
      least = 1;
    } else if (cursor_.take("?")) {
      most = 1;
    } else if (cursor_.peek() == '{') {
      cursor_.skip();
      least = cursor_.take_count();
      most = least;
      if (cursor_.take(",")) most = cursor_.peek() == '}' ? Expression::unlimited : cursor_.take_count();
      if (!cursor_.take("}")) cursor_.reject("a count without \"}\"");
      if (most != Expression::unlimited && most < least)
        cursor_.reject("a count that ends below its beginning");
    } else {
      return item;
    }
    cursor_.take("?");  // laziness decides which match comes first, not whether there is one
    return repeated(std::move(item), least, most);
  }

  Expression parse_item() {
    if (cursor_.take("^")) return anchor(ExpressionKind::text_begin);
    if (cursor_.take("$")) return anchor(ExpressionKind::text_end);
    if (cursor_.take(".")) return any_of(complement(line_ends()));
    if (cursor_.take("[")) return any_of(parse_class());
    if (cursor_.take("(")) return parse_group();
    if (cursor_.take("\\")) return parse_escape();
    if (cursor_.peek() == '*' || cursor_.peek() == '+' || cursor_.peek() == '?' || cursor_.peek() == '{')
      cursor_.reject("nothing to repeat");
    const char32_t point = cursor_.take_character();
    return any_of({{point, point}});
  }

  Expression parse_group() {
    if (cursor_.take("?")) {
      if (cursor_.take("<") && cursor_.peek() != '=' && cursor_.peek() != '!') {
        while (!cursor_.is_at_end() && cursor_.peek() != '>') cursor_.skip();
        if (!cursor_.take(">")) cursor_.reject("a group's name does not end");
      } else if (!cursor_.take(":")) {
        const bool is_look_around = cursor_.peek() == '=' || cursor_.peek() == '!';
        cursor_.reject(is_look_around ? "look-around is supported right behind a ^ at the beginning only"
                                      : "flags are not supported");
      }
    }
    Expression inner = parse_choice();
    if (!cursor_.take(")")) cursor_.reject("an unmatched \"(\"");
    return inner;
  }

  Expression parse_escape() {
    if (cursor_.peek() == 'b' || cursor_.peek() == 'B') cursor_.reject("word borders are not supported");
    if ((cursor_.peek() >= '1' && cursor_.peek() <= '9') || cursor_.peek() == 'k')
      cursor_.reject("back-references are not supported");
    CodePoints set = parse_escaped_set();
    if (set.empty()) cursor_.reject("an empty set");
    return any_of(std::move(set));
  }

  // Parses the letter after a backslash.
  CodePoints parse_escaped_set() {
    const char32_t letter = cursor_.take_character();
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
      case 'c': return cursor_.take_character() % 32;
      case 'x': return parse_hex(2);
      case 'u': return parse_unicode();
      default: break;
    }
    const bool is_letter = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    if (is_letter) cursor_.reject("an unknown escape");
    return letter;
  }

  char32_t parse_hex(int count) {
    char32_t value = 0;
    for (int i = 0; i < count; ++i) value = value * 16 + cursor_.take_hex_digit();
    return value;
  }

  char32_t parse_unicode() {
    char32_t value = 0;
    if (cursor_.take("{")) {
      while (!cursor_.is_at_end() && cursor_.peek() != '}') {
        value = value * 16 + cursor_.take_hex_digit();
        if (value > last_code_point) cursor_.reject("no such character");
      }
      if (!cursor_.take("}")) cursor_.reject("an escape does not end");
      return value;
    }
    value = parse_hex(4);
    if (value < 0xD800 || value > 0xDBFF || !cursor_.take("\\u")) return value;
    const char32_t low = parse_hex(4);
    if (low < 0xDC00 || low > 0xDFFF) cursor_.reject("half a surrogate pair");
    return 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
  }

  CodePoints parse_category() {
    if (!cursor_.take("{")) cursor_.reject("a category is missing");
    const size_t begin = cursor_.at();
    while (!cursor_.is_at_end() && cursor_.peek() != '}') cursor_.skip();
    std::string_view name = cursor_.since(begin);
    if (!cursor_.take("}")) cursor_.reject("a category does not end");
    for (const std::string_view prefix : {"General_Category=", "gc="}) {
      if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    CodePoints found = cursor_.wrong() ? CodePoints() : category(name);
    if (found.empty()) cursor_.reject("an unknown category");
    return found;
  }

  // Parses a class after its bracket.
  CodePoints parse_class() {
    const bool is_negated = cursor_.take("^");
    CodePoints set;
    while (!cursor_.is_at_end() && cursor_.peek() != ']') {
      CodePoints first = parse_class_member();
      const bool is_range = cursor_.is_at_range();
      if (is_range && is_single(first)) {
        cursor_.skip();
        const CodePoints last = parse_class_member();
        if (cursor_.wrong()) break;
        if (!is_single(last) || last[0].first < first[0].first) {
          cursor_.reject("a range that ends below its beginning");
        } else {
          first[0].last = last[0].first;
        }
      }
      set.insert(set.end(), first.begin(), first.end());
    }
    if (!cursor_.take("]")) cursor_.reject("an unmatched \"[\"");
    return is_negated ? complement(set) : set;
  }

  static bool is_single(const CodePoints& set) { return set.size() == 1 && set[0].first == set[0].last; }

  CodePoints parse_class_member() {
    if (cursor_.take("\\")) {
      if (cursor_.take("b")) return {{'\b', '\b'}};
      if (cursor_.take("-")) return {{'-', '-'}};
      return parse_escaped_set();
    }
    const char32_t point = cursor_.take_character();
    return {{point, point}};
  }

  SourceCursor cursor_;
  int depth_ = 0;
  size_t outer_choices_ = 0;  // in the part that was read last
};

// All texts that contain `inner`.
Expression anywhere(Expression inner) {
  const Expression anything = repeated(any_of({{0, last_code_point}}), 0, Expression::unlimited);
  std::vector<Expression> parts;
  parts.push_back(anything);
  parts.push_back(std::move(inner));
  parts.push_back(anything);
  return sequence_of(std::move(parts));
}

Expression at_begin(Expression inner) {
  std::vector<Expression> parts;
  parts.push_back(anchor(ExpressionKind::text_begin));
  parts.push_back(std::move(inner));
  return sequence_of(std::move(parts));
}

}  // namespace

Result<Expression> parse_regex(std::string_view pattern) {
  Result<Parser::Parsed> parsed = Parser(pattern).parse();
  if (!parsed) return fail(parsed.error());
  if (!parsed->ahead.empty()) return fail(ErrorCode::invalid_argument, "looking ahead is not supported here");
  return std::move(parsed->expression);
}

Result<SearchedPattern> parse_regex_search(std::string_view pattern) {
  Result<Parser::Parsed> parsed = Parser(pattern).parse();
  if (!parsed) return fail(parsed.error());
  const bool begins = !parsed->ahead.empty();
  SearchedPattern searched{
      .text = anywhere(begins ? at_begin(std::move(parsed->expression)) : std::move(parsed->expression)),
      .ahead = {}};
  for (SearchedPattern::Ahead& ahead : parsed->ahead) {
    searched.ahead.push_back(
        {.text = anywhere(at_begin(std::move(ahead.text))), .is_negative = ahead.is_negative});
  }
  return searched;
}

}  // namespace shoal
