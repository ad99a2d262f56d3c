// A lower bound of a text's token count, computed from its bytes alone: each byte counts as a fraction of the
// longest token that contains it. So a text that is far too long is refused before it is tokenised.
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
  // The bound is 0 for every text.
  LeastTokenCount() = default;
  // For a model that loses no text (TokenModel::loses_text).
  LeastTokenCount(const Vocabulary& vocabulary, const Normalizer& normalizer,
                  const PreTokenizer& pre_tokenizer);

  int64_t of(std::string_view text) const;
  // For when white space may be taken by the tokens beside it.
  int64_t of_all_but_white_space(std::string_view text) const;

 private:
  using ByteCounts = std::array<int64_t, 256>;
  int64_t least_for(const ByteCounts& counts) const;

  std::array<int64_t, 256>
      longest_{};  // length of the longest token that contains the byte; 0: the byte may be in none
};

}  // namespace shoal
