// Chat templates of the model families, for models that come without one. They say how a family writes
// messages; only Kimi's writes tools.
#pragma once

#include <string_view>

#include "tokens/tokenizer.h"

namespace shoal {

// Chosen by the special tokens of the vocabulary; empty when they belong to no known family.
std::string_view find_family_template(const Tokenizer& tokenizer);

}  // namespace shoal
