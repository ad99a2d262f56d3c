// What a grammar's rules and a pattern consist of: characters, and how they follow each other. Plain data,
// written by the parsers of GBNF, of patterns and of JSON schemas.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace shoal {

struct CodePointRange {
  char32_t first;
  char32_t last;  // included

  bool operator==(const CodePointRange&) const = default;
};
using CodePoints = std::vector<CodePointRange>;

inline constexpr char32_t last_code_point = 0x10FFFF;
// These are no characters: they enclose a special token's written form, so that no text equals one. Their
// bytes do not occur in UTF-8.
inline constexpr char32_t special_begin = 0x110000;
inline constexpr char32_t special_end = 0x110001;
inline constexpr char special_begin_byte = '\xFF';
inline constexpr char special_end_byte = '\xFE';

enum class ExpressionKind : uint8_t {
  never,       // matches nothing, not even the empty text
  characters,  // one character of a set
  sequence,    // without parts: the empty text
  choice,
  repeat,
  rule,        // a rule of the grammar, by index
  terminal,    // a finished automaton of the grammar, by index
  text_begin,  // with text_end the anchors of a pattern; grammars have none
  text_end,
};

struct Expression {
  static constexpr int64_t unlimited = -1;

  ExpressionKind kind = ExpressionKind::sequence;
  CodePoints characters;
  std::vector<Expression> parts;
  int64_t least = 0;
  int64_t most = 0;
  int32_t index = -1;
};

Expression never();
Expression empty_text();
Expression any_of(CodePoints characters);
Expression sequence_of(std::vector<Expression> parts);
Expression choice_of(std::vector<Expression> parts);  // without parts: never
Expression repeated(Expression part, int64_t least, int64_t most);
Expression use_rule(int32_t rule);
Expression use_terminal(int32_t terminal);
// The characters of `text` one after another; invalid UTF-8 becomes U+FFFD.
Expression literal_text(std::string_view text);
// The special token with this written form, and not a text that looks like it.
Expression special_token(std::string_view written);

// Sorted and without overlap, as complement() gives them too.
CodePoints normalised(CodePoints characters);
CodePoints complement(const CodePoints& characters);

// How much work making a grammar may take, so that a hostile one is refused before it fills memory or time.
// Counted in steps and states, not in seconds: every machine refuses the same grammars.
class GrammarBudget {
 public:
  static constexpr int64_t step_limit = 20'000'000;

  // invalid_argument that names `what` when the limit is exceeded.
  Result<void> take(int64_t steps, std::string_view what);
  int64_t spent() const { return step_limit - left_; }

 private:
  int64_t left_ = step_limit;
};

}  // namespace shoal
