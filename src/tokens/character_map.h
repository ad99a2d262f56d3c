// SentencePiece's table for normalising characters (precompiled_charsmap): a double-array trie of the byte
// sequences that change, and their replacements.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace shoal {

class CharacterMap {
 public:
  // `bytes` as in the file: the trie's size, the trie, then the replacements, each ended by a zero byte.
  // corrupt_data when they are cut off or the replacements are no UTF-8.
  static Result<CharacterMap> parse(std::string_view bytes);

  // SentencePiece's way: replaces, from left to right, the longest sequence that changes. Pieces in `kept`
  // stay.
  std::string replace_longest(std::string_view valid_text, const std::vector<std::string>& kept = {}) const;
  // Hugging Face's way: if a grapheme of less than six bytes begins with sequences that change, all of it
  // becomes the replacement of the shortest one. Of other graphemes each character is looked up by itself.
  std::string replace_graphemes(std::string_view valid_text) const;

 private:
  struct Found {
    int64_t length = 0;  // bytes of the sequence; 0: none
    std::string_view replacement;
  };
  enum class Which : uint8_t { shortest, longest };
  Found find(std::string_view text, Which which) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace shoal
