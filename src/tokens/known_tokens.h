// Which ids of a vocabulary stand for a token. Files leave holes between reserved ids, and ids behind the
// last.
#pragma once

#include "tokens/token_mask.h"
#include "tokens/tokenizer.h"

namespace shoal {

// What has text, and what ends an answer.
TokenMask known_tokens(const Tokenizer& tokenizer);

}  // namespace shoal
