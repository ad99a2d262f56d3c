// SentencePiece's table of how characters are normalised (precompiled_charsmap): a double-array trie of the
// byte sequences that change, and what they become.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace shoal {

class CharacterMap {
 public:
  // The bytes of the file: the trie's size, the trie, the replacements, each ended by a zero byte.
  static Result<CharacterMap> parse(std::string_view bytes);

  // SentencePiece's way: from left to right the longest sequence that changes; `kept` are pieces that stay.
  std::string replace_longest(std::string_view valid_text, const std::vector<std::string>& kept = {}) const;
  // Hugging Face's way: a grapheme of less than six bytes that begins with a sequence that changes becomes
  // what the shortest of these becomes; of any other each character is looked up by itself.
  std::string replace_graphemes(std::string_view valid_text) const;

 private:
  struct Found {
    int64_t length = 0;  // of the sequence; 0 where there is none
    std::string_view replacement;
  };
  enum class Which : uint8_t { shortest, longest };
  Found find(std::string_view text, Which which) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace shoal
