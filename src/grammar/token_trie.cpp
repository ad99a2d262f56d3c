#include "grammar/token_trie.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "grammar/expression.h"

namespace shoal {

std::string grammar_text(const Tokenizer& tokenizer, TokenId token) {
  const std::string_view bytes = tokenizer.token_bytes(token);
  const bool is_foreign = std::ranges::any_of(
      bytes, [](char byte) { return byte == special_begin_byte || byte == special_end_byte; });
  if (bytes.empty() || is_foreign) return {};
  if (!tokenizer.is_special(token)) return std::string(bytes);
  return special_begin_byte + std::string(bytes) + special_end_byte;
}

TokenTrie::TokenTrie(const Tokenizer& tokenizer) {
  std::vector<std::pair<std::string, TokenId>> texts;
  const auto count = static_cast<TokenId>(tokenizer.vocabulary_size());
  for (TokenId token = 0; token < count; ++token) {
    const bool is_end = std::ranges::binary_search(tokenizer.end_tokens(), token);
    if (std::string text = grammar_text(tokenizer, token); !text.empty() && !is_end) {
      texts.emplace_back(std::move(text), token);
    }
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
  first_.fill(no_node);
  for (int32_t i = 0; i < size(); i = nodes_[static_cast<size_t>(i)].end)
    first_[nodes_[static_cast<size_t>(i)].byte] = i;
  order_bytes();
}

int32_t TokenTrie::child(int32_t parent, uint8_t byte) const {
  if (parent == root) return first_[byte];
  const int32_t end = nodes_[static_cast<size_t>(parent)].end;
  for (int32_t i = parent + 1; i < end; i = nodes_[static_cast<size_t>(i)].end) {
    if (nodes_[static_cast<size_t>(i)].byte == byte) return i;
  }
  return no_node;
}

void TokenTrie::order_bytes() {
  std::array<int32_t, 256> runs{};
  for (size_t byte = 0; byte < runs.size(); ++byte) {
    bytes_by_run_[byte] = static_cast<uint8_t>(byte);
    for (int32_t node = first_[byte]; node != no_node; node = child(node, static_cast<uint8_t>(byte))) {
      const Node& at = nodes_[static_cast<size_t>(node)];
      if (at.token >= 0) runs[byte] = at.depth;
    }
  }
  std::ranges::stable_sort(bytes_by_run_, std::greater(), [&](uint8_t byte) { return runs[byte]; });
}

}  // namespace shoal
