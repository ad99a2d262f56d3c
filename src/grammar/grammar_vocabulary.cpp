#include "grammar/grammar_vocabulary.h"

#include <fmt/format.h>

#include <utility>

namespace shoal {

GrammarVocabulary::GrammarVocabulary(const Tokenizer& tokenizer) : tokenizer_(tokenizer), trie_(tokenizer) {}

std::shared_ptr<TerminalMasks> GrammarVocabulary::masks_of(const Terminal& terminal) const {
  if (terminal.dfa.size() > maximum_shared_states || terminal.counted_state != Terminal::not_counted) {
    return std::make_shared<TerminalMasks>(terminal, trie_, size());
  }
  MutexLock lock(mutex_);
  std::string key = terminal.dfa.key();
  const auto found = shared_.find(key);
  if (found != shared_.end()) return found->second;
  auto made = std::make_shared<TerminalMasks>(terminal, trie_, size());
  if (shared_.size() >= maximum_shared) {
    std::erase_if(shared_, [](const auto& entry) { return entry.second.use_count() == 1; });
  }
  if (shared_.size() < maximum_shared) shared_.emplace(std::move(key), made);
  return made;
}

TokenGrammar::TokenGrammar(Grammar made, std::shared_ptr<const GrammarVocabulary> over)
    : grammar(std::move(made)), ends(grammar), vocabulary(std::move(over)) {
  for (const Terminal& terminal : grammar.terminals())
    terminal_masks.push_back(vocabulary->masks_of(terminal));
}

}  // namespace shoal
