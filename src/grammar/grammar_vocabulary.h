// A model's tokens in the form that grammars need, and what all grammars over them share. Made once for each
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
  // The tokenizer must outlive this.
  explicit GrammarVocabulary(const Tokenizer& tokenizer);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  const TokenTrie& trie() const { return trie_; }
  int64_t size() const { return tokenizer_.vocabulary_size(); }
  const std::vector<TokenId>& end_tokens() const { return tokenizer_.end_tokens(); }

  // Small terminals, such as a JSON string, occur in many grammars, which share their masks. Any thread may
  // call.
  std::shared_ptr<TerminalMasks> masks_of(const Terminal& terminal) const;

 private:
  static constexpr size_t maximum_shared = 64;
  static constexpr int32_t maximum_shared_states = 64;

  const Tokenizer& tokenizer_;
  const TokenTrie trie_;
  mutable Mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<TerminalMasks>> shared_ GUARDED_BY(mutex_);
};

// A grammar over a vocabulary. Immutable except for caches; any thread may use it.
struct TokenGrammar {
  TokenGrammar(Grammar made, std::shared_ptr<const GrammarVocabulary> over);

  const Grammar grammar;
  const ShortestEnds ends;
  const std::shared_ptr<const GrammarVocabulary> vocabulary;
  std::vector<std::shared_ptr<TerminalMasks>> terminal_masks;  // [grammar's terminals]
};

}  // namespace shoal
