// Which ids of a vocabulary stand for a token. Files leave holes between reserved ids, and unused ids after
// the last.
#pragma once

#include "tokens/token_mask.h"
#include "tokens/tokenizer.h"

namespace shoal {

// Allows the tokens that have text and those that end an answer.
TokenMask known_tokens(const Tokenizer& tokenizer);

}  // namespace shoal
