// A model's tokens as grammars need them, and what is shared by all grammars over them. Made once for each
// loaded model.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "grammar/shortest_ends.h"
#include "grammar/terminal_masks.h"
#include "grammar/token_trie.h"
#include "tokens/tokenizer.h"

namespace shoal {

class GrammarVocabulary {
 public:
  // The tokenizer outlives this.
  explicit GrammarVocabulary(const Tokenizer& tokenizer);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  const TokenTrie& trie() const { return trie_; }
  int64_t size() const { return tokenizer_.vocabulary_size(); }
  const std::vector<TokenId>& end_tokens() const { return tokenizer_.end_tokens(); }

  // Small terminals, such as a JSON string, are the same in many grammars and are shared by them. Any thread.
  std::shared_ptr<TerminalMasks> masks_of(const Terminal& terminal) const;

 private:
  static constexpr size_t maximum_shared = 64;
  static constexpr int32_t maximum_shared_states = 64;

  const Tokenizer& tokenizer_;
  const TokenTrie trie_;
  mutable Mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<TerminalMasks>> shared_ GUARDED_BY(mutex_);
};

// A grammar over a vocabulary. Immutable but for what is kept for speed; any thread.
struct TokenGrammar {
  TokenGrammar(Grammar made, std::shared_ptr<const GrammarVocabulary> over);

  const Grammar grammar;
  const ShortestEnds ends;
  const std::shared_ptr<const GrammarVocabulary> vocabulary;
  std::vector<std::shared_ptr<TerminalMasks>> terminal_masks;  // [grammar's terminals]
};

}  // namespace shoal
