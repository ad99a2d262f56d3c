#include "tokens/known_tokens.h"

namespace shoal {

TokenMask known_tokens(const Tokenizer& tokenizer) {
  TokenMask known(tokenizer.vocabulary_size());
  for (TokenId token = 0; token < tokenizer.vocabulary_size(); ++token) {
    if (!tokenizer.token_bytes(token).empty()) known.allow(token);
  }
  for (const TokenId end : tokenizer.end_tokens()) {
    if (end >= 0 && end < tokenizer.vocabulary_size()) known.allow(end);
  }
  return known;
}

}  // namespace shoal
