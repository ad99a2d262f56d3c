// A piece of text → token ids: what remains of a tokenizer when the text is normalised and cut into pieces.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokens/bpe_merge.h"
#include "tokens/tokenizer.h"

namespace shoal {

// The best way to the end of a piece's first bytes.
struct UnigramStep {
  double score = 0;
  int32_t begin = -1;  // of its last token; -1: there is no way yet
  TokenId id = -1;     // -1: a character that is no token
};

// Memory that one call of encode keeps from piece to piece.
struct TokenModelScratch {
  std::vector<BpeSymbol> symbols;
  BpeMerger merger;
  std::vector<UnigramStep> steps;
};

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  // Appends the ids of `piece`, which is valid UTF-8 and shorter than 2 GiB. Any thread, each with its own
  // scratch.
  virtual void encode(std::string_view piece, TokenModelScratch& scratch,
                      std::vector<TokenId>& ids) const = 0;
  // Whether a long text may come to nothing or to one unknown token.
  virtual bool loses_text() const = 0;
};

}  // namespace shoal
