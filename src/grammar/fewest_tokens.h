// How few tokens of a vocabulary bring a text to its end. Counted are those of the way with the fewest bytes
// from each position, cut into as few tokens as it can be, across whatever parts of the grammar; another text
// may take one or two less. Belongs to one generation; not thread-safe.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "grammar/grammar_states.h"
#include "grammar/token_trie.h"

namespace shoal {

class FewestTokens {
 public:
  // No text that has no end, or that the vocabulary cannot write.
  static constexpr int64_t never = int64_t{1} << 60;

  // Both outlive this.
  FewestTokens(GrammarStates& states, const TokenTrie& trie) : states_(states), trie_(trie) {}

  // With so many tokens the text can be at its end: where it is n > 0, some token leads to a state of n - 1
  // at most. Not of a dead state.
  int64_t of(int32_t state);
  // From the end of the item's terminal.
  int64_t behind(const GrammarStates::Item& item);

  // When the states have been numbered anew.
  void clear();

 private:
  using Item = GrammarStates::Item;
  // What takes more bytes is taken for as many tokens: it costs too much to look at.
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
  std::vector<GrammarStates::Onward> way_;  // bytes, each with the item behind it
};

}  // namespace shoal
