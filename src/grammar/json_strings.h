// JSON's strings, without and with limits, as automata over how they are written. A string with a pattern, a
// format or names to keep away from has one way to be written: only what must be escaped is, in its shortest
// form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "grammar/grammar.h"

namespace shoal {

// Python's strings have either quote, and not all of JSON's escapes.
enum class StringQuotes : uint8_t { json, python_double, python_single };

// With quotes, and any escapes; `most` may be unlimited. Characters are counted, not bytes.
Terminal string_terminal(int64_t least, int64_t most, StringQuotes quotes);

// How a text is written: within a JSON string's quotes, or as it is.
enum class TextNotation : uint8_t { quoted, bare };

inline constexpr int64_t maximum_held_length = 2000;  // of what is not only counted

// Without quotes.
const Dfa& any_contents(TextNotation notation);
// Those with so many characters; `most` may be unlimited.
Result<Dfa> counted_contents(const Dfa& contents, int64_t least, int64_t most, TextNotation notation,
                             GrammarBudget& budget);
Result<Dfa> pattern_contents(std::string_view pattern, TextNotation notation, GrammarBudget& budget);
// For a format that is no more than a remark (in JSON Schema all unknown ones are): any contents.
Result<Dfa> format_contents(std::string_view format, TextNotation notation, GrammarBudget& budget);
bool is_known_format(std::string_view format);

// Contents between quotes. Python's single quotes have no text with a single quote.
Dfa quoted_contents(const Dfa& contents, StringQuotes quotes);

// The text as it is written within quotes.
std::string written_contents(std::string_view text);
std::string written_contents(std::string_view text, TextNotation notation);

}  // namespace shoal
