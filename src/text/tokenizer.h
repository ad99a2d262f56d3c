// Text ↔ tokens. A Tokenizer is immutable after it is made, so any thread may use it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace shoal {

// Whether special tokens written out in the text ("<|im_end|>") become that token, or stay text.
enum class SpecialTokens : uint8_t { as_text, parse };

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Never adds bos or eos. Any bytes are accepted; invalid UTF-8 is tokenised as the model's makers' software does.
  virtual std::vector<TokenId> encode(std::string_view text, SpecialTokens special) const = 0;

  // The bytes a token stands for; for a special token its written form. Empty for an id that is no token.
  virtual std::string_view token_bytes(TokenId token) const = 0;
  virtual bool is_special(TokenId token) const = 0;

  virtual int64_t vocabulary_size() const = 0;
  virtual std::optional<TokenId> find_token(std::string_view written) const = 0;
  virtual std::optional<TokenId> bos() const = 0;
  virtual bool adds_bos() const = 0;
  // Tokens at which a generation ends: eos, eot, eom … in ascending order.
  virtual const std::vector<TokenId>& end_tokens() const = 0;

  // The text of some tokens; special ones are left out unless asked for.
  std::string decode(const std::vector<TokenId>& tokens, SpecialTokens special = SpecialTokens::as_text) const;
};

}  // namespace shoal
