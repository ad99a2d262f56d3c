// How few tokens of a vocabulary bring a text to its end. For each position it follows the way with the
// fewest bytes and cuts it into the fewest tokens, across the parts of the grammar; another text may take one
// or two less. Belongs to one generation; not thread-safe.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "grammar/grammar_states.h"
#include "grammar/token_trie.h"

namespace shoal {

class FewestTokens {
 public:
  // The count when no text has an end, or the vocabulary cannot write it.
  static constexpr int64_t never = int64_t{1} << 60;

  // Both must outlive this.
  FewestTokens(GrammarStates& states, const TokenTrie& trie) : states_(states), trie_(trie) {}

  // With this many tokens the text can end. If the count is n > 0, some token leads to a state with at most n
  // - 1. `state` must not be dead_state.
  int64_t of(int32_t state);
  // The count from the end of the item's terminal.
  int64_t behind(const GrammarStates::Item& item);

  // Must be called when the states have new numbers.
  void clear();

 private:
  using Item = GrammarStates::Item;
  // A way with more bytes counts as that many tokens, since looking at it costs too much.
  static constexpr int64_t maximum_bytes = 16'384;
  struct ItemHash {
    size_t operator()(const Item& item) const;
  };

  int64_t of(const Item& item);
  void find(const Item& first);
  int64_t cheapest_at(size_t at);
  bool extend(size_t size);

  GrammarStates& states_;
  const TokenTrie& trie_;
  std::unordered_map<Item, int64_t, ItemHash> known_;
  std::vector<int64_t> by_state_;           // -1: not known yet
  std::vector<GrammarStates::Onward> way_;  // bytes, each with the item after it
};

}  // namespace shoal
