// Finds the tokens that are taken out of a text before anything else is done with it: special tokens, and
// words that a model's makers added to the vocabulary as a whole.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokens/tokenizer.h"

namespace shoal {

struct AddedToken {
  TokenId id;
  std::string content;
  bool special = false;  // never text of an answer
  bool markup = false;   // never parsed from a user's words; all special tokens are markup, and some others
  bool single_word = false;  // found only where no letter or digit touches it
  bool strips_left = false;  // takes the white space to its left
  bool strips_right = false;
  bool normalized = false;             // looked for in the normalised text
  bool content_is_normalized = false;  // else `content` is normalised before it is looked for there
};

class AddedTokenMatcher {
 public:
  static constexpr int64_t maximum_content_bytes = 1024;

  // No content may be empty or longer than the maximum.
  explicit AddedTokenMatcher(std::vector<AddedToken> tokens);

  struct Match {
    TextRange range;  // including the white space that the token takes
    TokenId id;
  };
  // Finds the longest token at each place, from left to right; markup only where it touches no `literal`
  // range. A token may lie in white space that the one before takes, as in Hugging Face's library; its range
  // then begins before the other's end.
  void find_all(std::string_view text, std::span<const TextRange> literal, std::vector<Match>& matches) const;

  const std::vector<AddedToken>& tokens() const { return tokens_; }
  bool takes_white_space() const;

 private:
  struct Node {
    std::vector<std::pair<char, int32_t>> next;  // ascending
    int32_t token = -1;                          // index into tokens_
  };
  int32_t child(int32_t node, char byte) const;
  // nullptr when none begins at `at`. Markup must end before `first_literal`.
  const AddedToken* find_longest(std::string_view text, int64_t at, int64_t first_literal) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_;
  std::array<bool, 256> starts_{};
};

}  // namespace shoal
