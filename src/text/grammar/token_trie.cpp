#include "text/grammar/token_trie.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace shoal {

TokenTrie::TokenTrie(const Tokenizer& tokenizer) {
  std::vector<std::pair<std::string_view, TokenId>> texts;
  const auto count = static_cast<TokenId>(tokenizer.vocabulary_size());
  for (TokenId token = 0; token < count; ++token) {
    const std::string_view bytes = tokenizer.token_bytes(token);
    if (!bytes.empty() && !tokenizer.is_special(token)) texts.emplace_back(bytes, token);
  }
  std::ranges::sort(texts);
  next_equal_.assign(static_cast<size_t>(count), -1);

  std::vector<int32_t> path;  // the nodes of the previous text
  std::string_view previous;
  const auto close_below = [&](size_t depth) {
    for (; path.size() > depth; path.pop_back()) nodes_[static_cast<size_t>(path.back())].end = size();
  };
  for (const auto& [text, token] : texts) {
    if (!path.empty() && text == previous) {
      const TokenId first = nodes_[static_cast<size_t>(path.back())].token;
      next_equal_[static_cast<size_t>(token)] = std::exchange(next_equal_[static_cast<size_t>(first)], token);
      continue;
    }
    const auto differ = std::ranges::mismatch(previous, text);
    close_below(static_cast<size_t>(differ.in1 - previous.begin()));
    for (size_t i = path.size(); i < text.size(); ++i) {
      path.push_back(size());
      nodes_.push_back({.end = 0,
                        .depth = static_cast<int32_t>(i) + 1,
                        .token = i + 1 == text.size() ? token : -1,
                        .byte = static_cast<uint8_t>(text[i])});
    }
    longest_ = std::max(longest_, static_cast<int32_t>(text.size()));
    previous = text;
  }
  close_below(0);
}

}  // namespace shoal
