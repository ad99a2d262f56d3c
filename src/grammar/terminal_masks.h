// The tokens of a vocabulary that fit into one terminal, whatever surrounds it. Computed once for each of its
// states and kept, so that masks are put together from them. Any thread may call.
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

// The tokens that stay within the terminal, up to its end, and where the terminal may end inside a token.
struct TerminalTokens {
  static constexpr size_t maximum_listed = 512;

  std::vector<TokenId> listed;        // the tokens, if they are few
  std::unique_ptr<TokenMask> masked;  // the tokens otherwise
  std::vector<int32_t> exits;         // nodes with children after whose byte the terminal may end
  int64_t nodes_behind = 0;           // nodes of the trie below all exits together
};

class TerminalMasks {
 public:
  // The trie must outlive this.
  TerminalMasks(Terminal terminal, const TokenTrie& trie, int64_t vocabulary_size);

  std::shared_ptr<const TerminalTokens> find(TerminalState state);

 private:
  // Limits out of the reach of any token make no difference.
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
