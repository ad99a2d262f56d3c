// Turns a piece of text into token ids, after the text is normalised and cut into pieces.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokens/bpe_merge.h"
#include "tokens/tokenizer.h"

namespace shoal {

// The best way to cut the first bytes of a piece into tokens.
struct UnigramStep {
  double score = 0;
  int32_t begin = -1;  // where its last token begins; -1: no way is known yet
  TokenId id = -1;     // the last token; -1: a character that is no token
};

// Memory that a call of encode() on a whole text keeps from piece to piece.
struct TokenModelScratch {
  std::vector<BpeSymbol> symbols;
  BpeMerger merger;
  std::vector<UnigramStep> steps;
};

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  // Appends the ids of `piece`, which is valid UTF-8 and shorter than 2 GiB. Any thread may call, with a
  // scratch of its own.
  virtual void encode(std::string_view piece, TokenModelScratch& scratch,
                      std::vector<TokenId>& ids) const = 0;
  // Whether a long text may become nothing or one unknown token.
  virtual bool loses_text() const = 0;
};

}  // namespace shoal
