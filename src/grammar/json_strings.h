// JSON's strings, with and without limits, as automata over their written form. A string with a pattern, a
// format or excluded names has one written form only: just what must be escaped is escaped, in its shortest
// form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "grammar/grammar.h"

namespace shoal {

// Python's strings have either quote, and lack some of JSON's escapes.
enum class StringQuotes : uint8_t { json, python_double, python_single };

// Strings with their quotes and any escapes. Counts characters, not bytes; `most` may be unlimited.
Terminal string_terminal(int64_t least, int64_t most, StringQuotes quotes);

// Whether a text is written within a JSON string's quotes or as it is.
enum class TextNotation : uint8_t { quoted, bare };

inline constexpr int64_t maximum_held_length = 2000;  // characters, for contents that are more than counted

// All contents, without quotes.
const Dfa& any_contents(TextNotation notation);
// The contents with `least` to `most` characters; `most` may be unlimited.
Result<Dfa> counted_contents(const Dfa& contents, int64_t least, int64_t most, TextNotation notation,
                             GrammarBudget& budget);
// The contents in which the pattern is found; invalid_argument for a pattern that is not supported.
Result<Dfa> pattern_contents(std::string_view pattern, TextNotation notation, GrammarBudget& budget);
// For unknown formats, which JSON Schema takes as remarks: any contents.
Result<Dfa> format_contents(std::string_view format, TextNotation notation, GrammarBudget& budget);
bool is_known_format(std::string_view format);

// Contents between quotes. With Python's single quotes, no text may contain a single quote.
Dfa quoted_contents(const Dfa& contents, StringQuotes quotes);

// The text as it is written within quotes.
std::string written_contents(std::string_view text);
std::string written_contents(std::string_view text, TextNotation notation);

}  // namespace shoal
