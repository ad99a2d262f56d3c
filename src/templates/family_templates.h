// Chat templates of the model families, for models that come without one. They say how a family writes
// messages; only Kimi's knows tools.
#pragma once

#include <string_view>

#include "tokens/tokenizer.h"

namespace shoal {

// By the special tokens of the vocabulary; empty where they are nobody's that is known.
std::string_view find_family_template(const Tokenizer& tokenizer);

}  // namespace shoal
