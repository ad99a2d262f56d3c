// The grammar of a whole answer: thinking, which is free; then content, or calls, of the form that the
// request wants. Where a call may come but need not, text is free until one begins.
#pragma once

#include <list>
#include <memory>

#include "answers/answer_form.h"
#include "base/mutex.h"
#include "grammar/grammar_vocabulary.h"

namespace shoal {

// nullopt: an answer may be anything. invalid_argument that says what is wrong with a schema or a grammar, or
// which of them cannot be held. Takes bounded time, usually a few milliseconds.
Result<std::optional<Grammar>> compile_answer_form(const AnswerForm& form, const Tokenizer& tokenizer);

// Compiled grammars and the vocabulary's tree, which are kept, since clients ask for the same form again and
// again. One for each loaded model; any thread.
class AnswerGrammars {
 public:
  // nullptr where an answer may be anything. The tokenizer is always the same and outlives the grammars.
  Result<std::shared_ptr<const TokenGrammar>> find(const AnswerForm& form, const Tokenizer& tokenizer);

 private:
  static constexpr size_t maximum_kept = 16;
  struct Entry {
    AnswerForm form;
    std::shared_ptr<const TokenGrammar> grammar;
  };

  Mutex mutex_;
  std::shared_ptr<const GrammarVocabulary> vocabulary_ GUARDED_BY(mutex_);
  std::list<Entry> kept_ GUARDED_BY(mutex_);  // the last used first
};

}  // namespace shoal
