// The patterns by which the model families' tokenizers cut texts, written by hand. Each looks at a character
// a bounded number of times, so the time is in proportion to the text.
#pragma once

#include <string_view>

#include "tokens/tokenizer.h"

namespace shoal {

// Finds the first match at or after `at`, never an empty one; false when there is none. The text is valid
// UTF-8.
using WordScanner = bool (*)(std::string_view text, int64_t at, TextRange& match);

// nullptr when the pattern is not known.
WordScanner find_word_scanner(std::string_view pattern);

}  // namespace shoal
