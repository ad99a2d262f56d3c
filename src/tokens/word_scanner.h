// The patterns by which the model families' tokenizers cut texts, written out by hand: each looks at a
// character a bounded number of times, so no text takes longer than its length.
#pragma once

#include <string_view>

#include "tokens/tokenizer.h"

namespace shoal {

// Finds the first match at or behind `at`, never an empty one; false where there is none. The text is valid
// UTF-8.
using WordScanner = bool (*)(std::string_view text, int64_t at, TextRange& match);

// nullptr for a pattern that is not known.
WordScanner find_word_scanner(std::string_view pattern);

}  // namespace shoal
