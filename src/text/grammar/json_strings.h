// JSON's strings, without and with limits, as automata over how they are written. A string with a pattern, a
// format or names to keep away from has one way to be written: only what must be escaped is, in its shortest
// form.
#pragma once

#include <string>
#include <string_view>

#include "text/grammar/grammar.h"

namespace shoal {

// With quotes, and any escapes; `most` may be unlimited. Characters are counted, not bytes.
Terminal string_terminal(int64_t least, int64_t most);

// Without quotes.
Result<Dfa> string_contents(int64_t least, int64_t most, GrammarBudget& budget);
Result<Dfa> pattern_contents(std::string_view pattern, GrammarBudget& budget);
// For a format that is no more than a remark (in JSON Schema all unknown ones are): any contents.
Result<Dfa> format_contents(std::string_view format, GrammarBudget& budget);
bool is_known_format(std::string_view format);

// The text as it is written within quotes.
std::string written_contents(std::string_view text);

}  // namespace shoal
