// A grammar on its way through a generation: which tokens may come next, and where the text may end. What it
// allows is a function of the grammar, the vocabulary and the tokens taken so far, and of nothing else. Not
// thread-safe.
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

// Whether a leading space of the first token is left out of the text, as StreamingDetokenizer does at the
// beginning of an answer.
enum class FirstSpace : uint8_t { kept, dropped };

class GrammarMatcher {
 public:
  explicit GrammarMatcher(std::shared_ptr<const TokenGrammar> grammar, FirstSpace first = FirstSpace::kept);

  static constexpr int64_t unlimited = std::numeric_limits<int64_t>::max();

  // The tokens that may come next; end tokens where the text may end. Valid until the next call. Where
  // `tokens_left` tokens, of this one on, can bring the text to its end, only those behind which the rest
  // still can: then a text is whole when they run out.
  const TokenMask& mask(int64_t tokens_left = unlimited);

  // False: the grammar does not allow it, and nothing has changed. End tokens are not for this. A special
  // token's bytes are as TokenTrie has them.
  bool accept(TokenId token);
  bool accept(std::string_view bytes);

  bool can_end() const { return states_.can_end(state_); }
  bool can_go_on() const { return states_.can_go_on(state_); }

 private:
  static constexpr size_t maximum_states = 2048;
  static constexpr size_t maximum_masks = 32;
  // How many states, and positions in them, the tokens of one mask may lead to; tokens beyond are not
  // allowed. Whatever has been seen before counts as well, so that the mask is the same.
  static constexpr int64_t maximum_reached = 8192;
  static constexpr int64_t maximum_reached_items = 500'000;
  // Up to so many nodes of the trie behind terminals' ends are walked one after another; more are walked
  // together.
  static constexpr int64_t few_nodes = 50'000;

  struct KeptMask {
    TokenMask mask;
    int64_t most_to_end;  // bytes to the end of the text behind any of its tokens
  };

  void tidy();
  const KeptMask& unlimited_mask();
  // Of tokens behind which at most limit_ tokens are to the end.
  TokenMask make_mask();
  // The tokens of every item's terminal, and behind its ends. False, and nothing done, where a walk is
  // quicker.
  bool add_terminals(TokenMask& mask);
  // Allows the tokens of nodes [first, end) that `state` allows; `state` stands for the byte in front of
  // them.
  void walk(int32_t first, int32_t end, int32_t state, TokenMask& mask);
  bool may_reach(int32_t state);
  // Whether limit_ tokens are enough from there.
  bool has_room_behind(int32_t state);

  const std::shared_ptr<const TokenGrammar> grammar_;
  GrammarStates states_;
  FewestTokens fewest_;
  int32_t state_;
  bool drops_space_;
  std::vector<int32_t> path_;     // states by depth
  std::vector<uint8_t> reached_;  // by state, in this mask
  int64_t reached_count_ = 0;
  int64_t reached_items_ = 0;
  int64_t limit_ = unlimited;
  int64_t most_to_end_ = 0;  // found by make_mask()
  std::map<int32_t, KeptMask> masks_;
  TokenMask limited_mask_;
};

}  // namespace shoal
