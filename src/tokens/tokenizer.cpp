#include "tokens/tokenizer.h"

#include "base/utf8.h"

namespace shoal {

std::string Tokenizer::decode(const std::vector<TokenId>& tokens, SpecialTokens special) const {
  std::string bytes;
  bool drop_space = drops_first_space();
  for (const TokenId token : tokens) {
    if (is_special(token) && special == SpecialTokens::as_text) continue;
    std::string_view piece = token_bytes(token);
    if (drop_space && !piece.empty()) {
      if (piece.front() == ' ') piece.remove_prefix(1);
      drop_space = false;
    }
    bytes += piece;
  }
  return is_valid_utf8(bytes) ? bytes : repair_utf8(bytes);
}

}  // namespace shoal
