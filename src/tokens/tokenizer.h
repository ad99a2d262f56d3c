// Text ↔ tokens. A Tokenizer is immutable after it is made, so any thread may use it.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace shoal {

// Whether special tokens written out in the text ("<|im_end|>") become that token, or stay text.
enum class SpecialTokens : uint8_t { as_text, parse };

// Bytes [begin, end) of a text.
struct TextRange {
  int64_t begin;
  int64_t end;

  bool operator==(const TextRange&) const = default;
};

inline constexpr int64_t no_token_limit = std::numeric_limits<int64_t>::max();

struct BoundedTokens {
  std::vector<TokenId> ids;  // none where they exceed the limit
  bool exceed_limit;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Never adds bos or eos. Any bytes are accepted; invalid UTF-8 is tokenised as the model's makers' software
  // does.
  virtual std::vector<TokenId> encode(std::string_view text, SpecialTokens special) const = 0;

  // For a rendered chat: special tokens are parsed, but never where they touch one of the `literal` ranges
  // (ascending, not overlapping), which hold a user's words. The text is tokenised as one; a range is no
  // border between tokens. A tokenizer that cannot tell the parts apart takes all of it as text.
  virtual std::vector<TokenId> encode_rendered(std::string_view text,
                                               std::span<const TextRange> literal) const {
    return encode(text, literal.empty() ? SpecialTokens::parse : SpecialTokens::as_text);
  }

  // As encode_rendered for a text that is not to be trusted: it stops where there are more than `token_limit`
  // tokens, without tokenising all of a text that must have more. invalid_argument where the file's own
  // pattern, which is none that is known to take time in proportion to the text, would take too long over it;
  // the others then leave a part of the text uncut.
  virtual Result<BoundedTokens> encode_bounded(std::string_view text, std::span<const TextRange> literal,
                                               int64_t token_limit) const {
    std::vector<TokenId> ids = encode_rendered(text, literal);
    const bool fits = static_cast<int64_t>(ids.size()) <= token_limit;
    return BoundedTokens{.ids = fits ? std::move(ids) : std::vector<TokenId>(), .exceed_limit = !fits};
  }

  // The bytes a token stands for; for a special token its written form. Empty for an id that is no token.
  // They are not always whole characters.
  virtual std::string_view token_bytes(TokenId token) const = 0;
  virtual bool is_special(TokenId token) const = 0;

  virtual int64_t vocabulary_size() const = 0;
  virtual std::optional<TokenId> find_token(std::string_view written) const = 0;
  virtual std::optional<TokenId> bos() const = 0;
  virtual bool adds_bos() const = 0;
  // Tokens at which a generation ends: eos, eot, eom … in ascending order.
  virtual const std::vector<TokenId>& end_tokens() const = 0;

  // Whether a text that starts with the first token loses one leading space (SentencePiece puts one in front
  // of every text).
  virtual bool drops_first_space() const { return false; }

  // Which version of its makers' format for chats the file says it is for ("v7" in a tekken.json); mostly
  // empty.
  virtual std::string_view makers_version() const { return {}; }

  // The text of some tokens from a text's beginning; special ones are left out unless asked for. Bytes that
  // make no character are replaced by U+FFFD.
  std::string decode(const std::vector<TokenId>& tokens,
                     SpecialTokens special = SpecialTokens::as_text) const;
};

}  // namespace shoal
