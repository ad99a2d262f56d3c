// The grammar of a whole answer: free thinking, then content or calls in the form that the request asks for.
// If a call is possible but not required, text is free until one begins.
#pragma once

#include <list>
#include <memory>

#include "answers/answer_form.h"
#include "base/mutex.h"
#include "grammar/grammar_vocabulary.h"

namespace shoal {

// nullopt: the answer may be anything. invalid_argument says what is wrong with a schema or a grammar, or
// which one cannot be held. Takes bounded time, usually a few milliseconds.
Result<std::optional<Grammar>> compile_answer_form(const AnswerForm& form, const Tokenizer& tokenizer);

// Keeps compiled grammars and the vocabulary's tree, since clients ask for the same form again and again. One
// for each loaded model; any thread may call.
class AnswerGrammars {
 public:
  // nullptr when the answer may be anything. The tokenizer must always be the same and outlive the grammars.
  Result<std::shared_ptr<const TokenGrammar>> find(const AnswerForm& form, const Tokenizer& tokenizer);

 private:
  static constexpr size_t maximum_kept = 16;
  struct Entry {
    AnswerForm form;
    std::shared_ptr<const TokenGrammar> grammar;
  };

  Mutex mutex_;
  std::shared_ptr<const GrammarVocabulary> vocabulary_ GUARDED_BY(mutex_);
  std::list<Entry> kept_ GUARDED_BY(mutex_);  // the most recently used first
};

}  // namespace shoal
