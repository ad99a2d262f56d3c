// Follows a generation through a grammar: which tokens may come next, and where the text may end. The answer
// depends only on the grammar, the vocabulary and the tokens so far. Not thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/fewest_tokens.h"
#include "grammar/grammar_states.h"
#include "grammar/grammar_vocabulary.h"
#include "tokens/token_mask.h"

namespace shoal {

// Whether a leading space of the first token is dropped from the text, as StreamingDetokenizer does at the
// beginning of an answer.
enum class FirstSpace : uint8_t { kept, dropped };

class GrammarMatcher {
 public:
  explicit GrammarMatcher(std::shared_ptr<const TokenGrammar> grammar, FirstSpace first = FirstSpace::kept);

  static constexpr int64_t unlimited = std::numeric_limits<int64_t>::max();

  // The tokens that may come next, with end tokens where the text may end. Valid until the next call. If the
  // text can still end within `tokens_left` tokens, this one included, only tokens that keep this possible
  // are allowed: so the text is whole when they run out.
  const TokenMask& mask(int64_t tokens_left = unlimited);

  // False when the grammar does not allow the token; nothing has changed then. Not for end tokens. A special
  // token has the bytes of TokenTrie.
  bool accept(TokenId token);
  bool accept(std::string_view bytes);

  bool can_end() const { return states_.can_end(state_); }
  bool can_go_on() const { return states_.can_go_on(state_); }

 private:
  static constexpr size_t maximum_states = 2048;
  static constexpr size_t maximum_masks = 32;
  // Limits of the states and items that the tokens of one mask may lead to; further tokens are not allowed.
  // Those seen before count too, so that the mask does not depend on the past.
  static constexpr int64_t maximum_reached = 8192;
  static constexpr int64_t maximum_reached_items = 500'000;
  // Up to this many nodes of the trie after terminals' ends are walked one after another; more are walked
  // together.
  static constexpr int64_t few_nodes = 50'000;

  struct KeptMask {
    TokenMask mask;
    int64_t most_to_end;  // the most bytes to the end of the text after any of its tokens
  };

  void tidy();
  const KeptMask& unlimited_mask();
  // Allows tokens after which the end is at most limit_ tokens away.
  TokenMask make_mask();
  // Adds the tokens of every item's terminal and those that go on after its ends. False, with nothing done,
  // when a walk is quicker.
  bool add_terminals(TokenMask& mask);
  // Allows the tokens of nodes [first, end) that the grammar allows; `state` is the one after the byte before
  // them.
  void walk(int32_t first, int32_t end, int32_t state, TokenMask& mask);
  bool may_reach(int32_t state);
  // Whether limit_ tokens are enough to end the text from `state`.
  bool has_room_behind(int32_t state);

  const std::shared_ptr<const TokenGrammar> grammar_;
  GrammarStates states_;
  FewestTokens fewest_;
  int32_t state_;
  bool drops_space_;
  std::vector<int32_t> path_;     // states by depth in the trie
  std::vector<uint8_t> reached_;  // by state, for the mask being made
  int64_t reached_count_ = 0;
  int64_t reached_items_ = 0;
  int64_t limit_ = unlimited;
  int64_t most_to_end_ = 0;  // set by make_mask()
  std::map<int32_t, KeptMask> masks_;
  TokenMask limited_mask_;
};

}  // namespace shoal
