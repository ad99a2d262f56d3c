// A piece of text → token ids: what remains of a tokenizer when the text is normalised and cut into pieces.
#pragma once

#include <string_view>
#include <vector>

#include "text/bpe_merge.h"
#include "text/tokenizer.h"

namespace shoal {

// Memory that one call of encode keeps from piece to piece.
struct TokenModelScratch {
  std::vector<BpeSymbol> symbols;
  BpeMerger merger;
};

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  // Appends the ids of `piece`, which is valid UTF-8 and shorter than 2 GiB. Any thread, each with its own
  // scratch.
  virtual void encode(std::string_view piece, TokenModelScratch& scratch,
                      std::vector<TokenId>& ids) const = 0;
};

}  // namespace shoal
