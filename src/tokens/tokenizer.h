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

// Whether special tokens written in the text ("<|im_end|>") become that token or stay text.
enum class SpecialTokens : uint8_t { as_text, parse };

// Bytes [begin, end) of a text.
struct TextRange {
  int64_t begin;
  int64_t end;

  bool operator==(const TextRange&) const = default;
};

inline constexpr int64_t no_token_limit = std::numeric_limits<int64_t>::max();

struct BoundedTokens {
  std::vector<TokenId> ids;  // empty when they exceed the limit
  bool exceed_limit;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Never adds bos or eos. Accepts any bytes; invalid UTF-8 is tokenised as the model's makers' software does
  // it.
  virtual std::vector<TokenId> encode(std::string_view text, SpecialTokens special) const = 0;

  // For a rendered chat: special tokens are parsed, but never where they touch one of the `literal` ranges
  // (ascending, not overlapping), which hold a user's words. The text is tokenised as a whole; a token may
  // cross the border of a range. A tokenizer that cannot tell the parts apart takes all of it as text.
  virtual std::vector<TokenId> encode_rendered(std::string_view text,
                                               std::span<const TextRange> literal) const {
    return encode(text, literal.empty() ? SpecialTokens::parse : SpecialTokens::as_text);
  }

  // As encode_rendered(), for untrusted text: stops when there are more than `token_limit` tokens, and does
  // not tokenise a text that must have more. invalid_argument when the file's own pattern would take too
  // long, which patterns known to be linear never do; the other functions leave a part of such a text uncut.
  virtual Result<BoundedTokens> encode_bounded(std::string_view text, std::span<const TextRange> literal,
                                               int64_t token_limit) const {
    std::vector<TokenId> ids = encode_rendered(text, literal);
    const bool fits = static_cast<int64_t>(ids.size()) <= token_limit;
    return BoundedTokens{.ids = fits ? std::move(ids) : std::vector<TokenId>(), .exceed_limit = !fits};
  }

  // The bytes that a token stands for, not always whole characters; for a special token its written form.
  // Empty when the id is no token.
  virtual std::string_view token_bytes(TokenId token) const = 0;
  virtual bool is_special(TokenId token) const = 0;

  virtual int64_t vocabulary_size() const = 0;
  virtual std::optional<TokenId> find_token(std::string_view written) const = 0;
  virtual std::optional<TokenId> bos() const = 0;
  virtual bool adds_bos() const = 0;
  // Tokens that end a generation (eos, eot, eom …), in ascending order.
  virtual const std::vector<TokenId>& end_tokens() const = 0;

  // Whether decoding drops one leading space of a text's first token (SentencePiece puts a space in front of
  // every text).
  virtual bool drops_first_space() const { return false; }

  // The version of its makers' chat format that the file names ("v7" in a tekken.json); mostly empty.
  virtual std::string_view makers_version() const { return {}; }

  // The text of `tokens`, which begin a text. `parse` keeps special tokens, as_text leaves them out. Bytes
  // that make no character are replaced by U+FFFD.
  std::string decode(const std::vector<TokenId>& tokens,
                     SpecialTokens special = SpecialTokens::as_text) const;
};

}  // namespace shoal
