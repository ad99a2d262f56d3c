// What a vocabulary's tokens make of one terminal, whatever stands around it: computed once for each of its
// states and kept, so that a mask is put together instead of made. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "base/mutex.h"
#include "grammar/grammar.h"
#include "grammar/token_trie.h"
#include "tokens/token_mask.h"

namespace shoal {

// Tokens that stay within the terminal, its end included; and where it may end inside a token.
struct TerminalTokens {
  static constexpr size_t maximum_listed = 512;

  std::vector<TokenId> listed;        // where they are few
  std::unique_ptr<TokenMask> masked;  // else
  std::vector<int32_t>
      exits;  // nodes of the trie behind whose byte the terminal may end, and which have children
  int64_t nodes_behind = 0;  // of the trie, below all exits together
};

class TerminalMasks {
 public:
  // The trie outlives this.
  TerminalMasks(Terminal terminal, const TokenTrie& trie, int64_t vocabulary_size);

  std::shared_ptr<const TerminalTokens> find(TerminalState state);

 private:
  // Limits that no token can reach make no difference.
  using Key = std::tuple<int32_t, int64_t, int64_t>;
  static constexpr size_t maximum_kept = 512;

  Key key_of(TerminalState state) const;
  std::shared_ptr<const TerminalTokens> make(TerminalState state) const;

  const Terminal terminal_;
  const TokenTrie& trie_;
  const int64_t vocabulary_size_;
  Mutex mutex_;
  std::map<Key, std::shared_ptr<const TerminalTokens>> kept_ GUARDED_BY(mutex_);
};

}  // namespace shoal
