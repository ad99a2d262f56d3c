#include "grammar/json_strings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "grammar/fixed_dfa.h"
#include "grammar/regex.h"
#include "json/value.h"

namespace shoal {
namespace {

// One character of a string with all of JSON's escapes; halves of surrogate pairs are no characters.
constexpr std::string_view escaped_code = R"(u(?:[0-9a-ce-fA-CE-F][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|)"
                                          R"([dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))";

std::string character_pattern(StringQuotes quotes) {
  const char quote = quotes == StringQuotes::python_single ? '\'' : '"';
  const std::string_view escapes = quotes == StringQuotes::json ? R"("\\/bfnrt)" : R"("'\\bfnrt)";
  return fmt::format(R"((?:[^{}\\\u0000-\u001f]|\\(?:[{}]|{})))", quote, escapes, escaped_code);
}

struct Format {
  std::string_view name;
  std::string pattern;
};

const std::vector<Format>& formats() {
  static const std::vector<Format> list = [] {
    const std::string date =
        "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|"
        "02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579]["
        "26])00)-02-29)";
    const std::string hour_minute = "(?:[01][0-9]|2[0-3]):[0-5][0-9]";
    const std::string time = fmt::format("{0}:[0-5][0-9](?:\\.[0-9]{{1,9}})?(?:Z|[+-]{0})", hour_minute);
    const std::string clock = "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)";
    const std::string days = "(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)";
    const std::string label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?";
    // "--" in the third place is reserved for names in other scripts; leaving it out is simpler.
    const std::string host_label = "[A-Za-z0-9]{1,30}(?:-[A-Za-z0-9]{1,30})?";
    const std::string host = fmt::format("{0}(?:\\.{0}){{0,3}}", host_label);
    const std::string byte = "(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])";
    const std::string ipv4 = fmt::format("{0}(?:\\.{0}){{3}}", byte);
    const std::string hex = "[0-9A-Fa-f]{1,4}";
    std::string ipv6 = fmt::format("(?:{0}:){{7}}{0}", hex);
    for (int before = 0; before <= 7; ++before) {
      const std::string left = before == 0 ? "" : fmt::format("{0}(?::{0}){{{1}}}", hex, before - 1);
      const std::string right = before >= 6 ? fmt::format("(?:{0})?", hex)
                                            : fmt::format("(?:{0}(?::{0}){{0,{1}}})?", hex, 6 - before);
      ipv6 += fmt::format("|{}::{}", left, before == 7 ? "" : right);
    }
    const std::string path = "(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*";
    return std::vector<Format>{
        {"date", date},
        {"time", time},
        {"date-time", fmt::format("{}T{}", date, time)},
        {"duration", fmt::format("P(?:{0}(?:{1})?|{1}|[0-9]+W)", days, clock)},
        {"email", fmt::format("[A-Za-z0-9_+-]+(?:\\.[A-Za-z0-9_+-]+)*@{0}(?:\\.{0}){{1,3}}", label)},
        {"hostname", host},
        {"ipv4", ipv4},
        {"ipv6", ipv6},
        {"uuid", "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"},
        {"uri", fmt::format("[A-Za-z][A-Za-z0-9+.-]*://{}(?::[0-9]{{1,5}})?(?:/{})?(?:\\?{})?(?:#{})?", host,
                            path, path, path)},
    };
  }();
  return list;
}

// The expression with its characters as they are written within quotes.
Expression quoted(const Expression& expression) {
  if (expression.kind != ExpressionKind::characters) {
    Expression result = expression;
    for (Expression& part : result.parts) part = quoted(part);
    return result;
  }
  CodePoints plain;
  std::vector<Expression> choices;
  for (const CodePointRange& range : expression.characters) {
    for (char32_t point = range.first; point < 0x20 && point <= range.last; ++point) {
      choices.push_back(literal_text(written_contents(std::string(1, static_cast<char>(point)))));
    }
    for (const char32_t quoted : {U'"', U'\\'}) {
      if (range.first <= quoted && quoted <= range.last) {
        choices.push_back(literal_text(written_contents(std::string(1, static_cast<char>(quoted)))));
      }
    }
    for (const auto& [first, last] : {CodePointRange{0x20, '"' - 1}, CodePointRange{'"' + 1, '\\' - 1},
                                      CodePointRange{'\\' + 1, last_code_point}}) {
      const CodePointRange part{std::max(range.first, first), std::min(range.last, last)};
      if (part.first <= part.last) plain.push_back(part);
    }
  }
  if (!plain.empty()) choices.push_back(any_of(std::move(plain)));
  return choice_of(std::move(choices));
}

Expression written(Expression expression, TextNotation notation) {
  return notation == TextNotation::quoted ? quoted(expression) : expression;
}

Dfa make_any_contents(TextNotation notation) {
  GrammarBudget budget;
  Result<Dfa> made =
      make_dfa(written(repeated(any_of({{0, last_code_point}}), 0, Expression::unlimited), notation), budget);
  CHECK(made.has_value());
  return *std::move(made);
}

// How far a text has come: the state of its automaton, the state inside a character, and the characters
// complete.
struct CountedState {
  int32_t inner;
  int32_t character;
  int64_t count;
  uint64_t key() const {
    return static_cast<uint64_t>(inner) << 40 | static_cast<uint64_t>(character) << 20 |
           static_cast<uint64_t>(count);
  }
};

// The first byte of each class that neither automaton divides; classes[byte] is the byte's class.
std::vector<uint8_t> common_classes(const Dfa& a, const Dfa& b, std::array<uint8_t, 256>& classes) {
  std::vector<uint8_t> first_bytes;
  std::map<std::pair<uint8_t, uint8_t>, uint8_t> numbers;
  for (size_t byte = 0; byte < classes.size(); ++byte) {
    const std::pair key(a.table().classes[byte], b.table().classes[byte]);
    const auto [found, is_new] = numbers.try_emplace(key, static_cast<uint8_t>(first_bytes.size()));
    if (is_new) first_bytes.push_back(static_cast<uint8_t>(byte));
    classes[byte] = found->second;
  }
  return first_bytes;
}

}  // namespace

Terminal string_terminal(int64_t least, int64_t most, StringQuotes quotes) {
  const char quote = quotes == StringQuotes::python_single ? '\'' : '"';
  Terminal terminal{.dfa = fixed_dfa(fmt::format("{0}{1}*{0}", quote, character_pattern(quotes))),
                    .closing = static_cast<uint8_t>(quote)};
  if (most != Expression::unlimited && most < least) return Terminal{};  // no length satisfies both
  if (least > 0 || most != Expression::unlimited) {
    terminal.counted_state = terminal.dfa.next(Dfa::start_state, static_cast<uint8_t>(quote));
    terminal.least = least;
    terminal.most = most;
  }
  return terminal;
}

const Dfa& any_contents(TextNotation notation) {
  static const Dfa quoted_ones = make_any_contents(TextNotation::quoted);
  static const Dfa bare_ones = make_any_contents(TextNotation::bare);
  return notation == TextNotation::quoted ? quoted_ones : bare_ones;
}

Result<Dfa> counted_contents(const Dfa& contents, int64_t least, int64_t most, TextNotation notation,
                             GrammarBudget& budget) {
  if ((most != Expression::unlimited && most < least) || contents.is_empty()) return Dfa();
  if (least == 0 && most == Expression::unlimited) return contents;
  if (least > maximum_held_length || most > maximum_held_length) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("over {} is not supported together with a pattern, a format or other names",
                            maximum_held_length));
  }
  // `characters` accepts between characters, and only there.
  const Dfa& characters = any_contents(notation);
  constexpr int64_t maximum_counted_states = 4 * Dfa::maximum_states;
  Dfa::Table table;
  const std::vector<uint8_t> bytes = common_classes(contents, characters, table.classes);
  table.class_count = bytes.size();
  std::unordered_map<uint64_t, int32_t> numbers;
  std::vector<CountedState> states;
  const auto number_of = [&](const CountedState& state) {
    const auto [found, is_new] = numbers.try_emplace(state.key(), static_cast<int32_t>(states.size()));
    if (is_new) states.push_back(state);
    return found->second;
  };
  number_of({.inner = Dfa::start_state, .character = Dfa::start_state, .count = 0});
  for (size_t at = 0; at < states.size(); ++at) {
    if (std::ssize(states) > maximum_counted_states)
      return fail(ErrorCode::invalid_argument, "the pattern needs too many states with such a length");
    if (Result<void> paid = budget.take(10 + std::ssize(bytes), "a pattern"); !paid)
      return fail(paid.error());
    const auto [inner, character, count] = states[at];
    table.add_state(contents.accepts(inner) && characters.accepts(character) && count >= least);
    for (size_t i = 0; i < bytes.size(); ++i) {
      const int32_t to_inner = contents.next(inner, bytes[i]);
      const int32_t to_character = characters.next(character, bytes[i]);
      if (to_inner == Dfa::dead_state || to_character == Dfa::dead_state) continue;
      const int64_t more = count + (characters.accepts(to_character) ? 1 : 0);
      if (most != Expression::unlimited && more > most) continue;
      const int64_t to_count = most == Expression::unlimited ? std::min(more, least) : more;
      const int32_t target = number_of({.inner = to_inner, .character = to_character, .count = to_count});
      table.row(at)[i] = target;
    }
  }
  return Dfa::from_table(std::move(table));
}

Result<Dfa> pattern_contents(std::string_view pattern, TextNotation notation, GrammarBudget& budget) {
  const Result<SearchedPattern> parsed = parse_regex_search(pattern);
  if (!parsed) return fail(parsed.error());
  Result<Dfa> found = make_dfa(written(parsed->text, notation), budget);
  for (const SearchedPattern::Ahead& ahead : parsed->ahead) {
    if (!found) return found;
    const Result<Dfa> begun = make_dfa(written(ahead.text, notation), budget);
    if (!begun) return begun;
    found = ahead.is_negative ? difference(*found, *begun, budget) : intersection(*found, *begun, budget);
  }
  return found;
}

bool is_known_format(std::string_view format) {
  return std::ranges::find(formats(), format, &Format::name) != formats().end();
}

Result<Dfa> format_contents(std::string_view format, TextNotation notation, GrammarBudget& budget) {
  const auto found = std::ranges::find(formats(), format, &Format::name);
  if (found == formats().end()) return any_contents(notation);
  const Result<Expression> expression = parse_regex(found->pattern);
  CHECK(expression.has_value());
  return make_dfa(written(*expression, notation), budget);
}

Dfa quoted_contents(const Dfa& contents, StringQuotes quotes) {
  if (quotes != StringQuotes::python_single) return enclosed(contents, '"');
  std::vector<Dfa::Row> rows;
  std::vector<bool> accepting;
  for (int32_t state = 0; state < contents.size(); ++state) {
    Dfa::Row& row = rows.emplace_back();
    for (size_t byte = 0; byte < row.size(); ++byte)
      row[byte] = byte == '\'' ? Dfa::dead_state : contents.next(state, static_cast<uint8_t>(byte));
    accepting.push_back(contents.accepts(state));
  }
  return enclosed(Dfa::from_rows(rows, accepting), '\'');
}

std::string written_contents(std::string_view text, TextNotation notation) {
  return notation == TextNotation::quoted ? written_contents(text) : std::string(text);
}

std::string written_contents(std::string_view text) {
  const std::string quoted = format_json_text(text, false);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace shoal
