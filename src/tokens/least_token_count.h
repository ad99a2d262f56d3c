// How few tokens a text can have, told from its bytes alone: each byte counts as one part of the longest
// token that holds it. So a text that is far too long is known before it is tokenised.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tokens/normalizer.h"
#include "tokens/pre_tokenizer.h"
#include "tokens/vocabulary.h"

namespace shoal {

class LeastTokenCount {
 public:
  // Nothing is known: 0 for any text.
  LeastTokenCount() = default;
  // For a model that loses no text (TokenModel::loses_text).
  LeastTokenCount(const Vocabulary& vocabulary, const Normalizer& normalizer,
                  const PreTokenizer& pre_tokenizer);

  int64_t of(std::string_view text) const;
  // Where the white space may be taken by the tokens beside it.
  int64_t of_all_but_white_space(std::string_view text) const;

 private:
  using ByteCounts = std::array<int64_t, 256>;
  int64_t least_for(const ByteCounts& counts) const;

  std::array<int64_t, 256> longest_{};  // bytes of the longest token with this byte; 0: it may be in none
};

}  // namespace shoal
