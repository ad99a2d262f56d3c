// Encodes and decodes a few texts with a tokenizer that was made from any bytes.
#pragma once

#include "tokens/detokenizer.h"
#include "tokens/tokenizer.h"

namespace shoal {

inline void exercise(const Tokenizer& tokenizer) {
  for (const std::string_view text :
       {"", " Hello  world's 123\r\n\t!", "日本語 \xF0\x9F\x98\x80 e\xCC\x81", "<s>a</s>",
        "\xFF\xC3(\xE2\x82", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    for (const auto special : {SpecialTokens::parse, SpecialTokens::as_text}) {
      const std::vector<TokenId> ids = tokenizer.encode(text, special);
      StreamingDetokenizer detokenizer(tokenizer, {"a"});
      for (const TokenId id : ids) detokenizer.add(id);
      detokenizer.finish();
      tokenizer.decode(ids);
    }
  }
}

}  // namespace shoal
