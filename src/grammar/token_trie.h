// A vocabulary's texts as a tree over their bytes, so that one walk decides for all tokens whether a grammar
// allows them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tokens/tokenizer.h"

namespace shoal {

// The bytes of a token as a grammar sees it; empty when no grammar can have the token.
std::string grammar_text(const Tokenizer& tokenizer, TokenId token);

class TokenTrie {
 public:
  // Nodes are in preorder: a node's subtree is [index, end), its first child index + 1. The root is not among
  // them.
  struct Node {
    int32_t end;
    int32_t depth;  // bytes from the root, at least 1
    TokenId token;  // the first token with this text; -1: none
    uint8_t byte;
  };

  // A special token's text is its written form between special_begin_byte and special_end_byte. Left out are
  // end tokens, tokens without text, and those whose bytes could be mistaken for a special token's.
  explicit TokenTrie(const Tokenizer& tokenizer);

  const std::vector<Node>& nodes() const { return nodes_; }
  int32_t size() const { return static_cast<int32_t>(nodes_.size()); }
  int32_t longest() const { return longest_; }  // bytes of the longest token
  // The node of `byte` below `parent` (root for the first byte); no_node when no token continues so.
  static constexpr int32_t root = -1;
  static constexpr int32_t no_node = -2;
  int32_t child(int32_t parent, uint8_t byte) const;
  // All 256 bytes, those first whose longest runs are tokens.
  const std::array<uint8_t, 256>& bytes_by_run() const { return bytes_by_run_; }

  template <class Call>
  void for_each_token(const Node& node, Call call) const {
    for (TokenId token = node.token; token >= 0; token = next_equal_[static_cast<size_t>(token)]) call(token);
  }

 private:
  void order_bytes();

  std::vector<Node> nodes_;
  std::array<int32_t, 256> first_;  // nodes below the root, by byte
  std::array<uint8_t, 256> bytes_by_run_;
  std::vector<TokenId> next_equal_;  // another token with the same text; -1: none
  int32_t longest_ = 0;
};

}  // namespace shoal
