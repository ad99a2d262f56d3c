// One generation on its way: its tokens, its text, and when it ends. Knows nothing of batches, slots or
// threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "answers/answer_parser.h"
#include "grammar/grammar_matcher.h"
#include "scheduler/generation.h"
#include "tokens/detokenizer.h"
#include "tokens/tokenizer.h"

namespace shoal {

class Sequence {
 public:
  // Takes the delivered tokens as its own, so that the text goes on at the right byte; it may have ended
  // thereby. `context_length`: of prompt and completion together. The tokenizer outlives this.
  Sequence(Generation generation, const Tokenizer& tokenizer, int64_t context_length);

  const Generation& generation() const { return generation_; }

  // Prompt and completion so far.
  int64_t token_count() const { return std::ssize(generation_.prompt) + std::ssize(output_); }
  TokenId token_at(int64_t position) const;

  // What sample_token() is to know; valid until the next accept(). invalid_argument where the grammar allows
  // none of the tokens, or not those delivered before.
  Result<SampleContext> sample_context();

  // The next token of the completion. Nothing is delivered of the token that ends it, a stop string's last
  // token excepted: text in front of the stop string comes with it.
  std::optional<DeliveredToken> accept(const Sample& sample);

  const std::optional<GenerationEnd>& end() const { return end_; }

 private:
  std::optional<DeliveredToken> append(TokenId token);
  bool ends_at(TokenId token) const;
  void follow_grammar(TokenId token);
  bool ends_first_call(std::string_view text);
  void finish(FinishReason reason);
  TokenLogprob named(const TokenProbability& probability) const;

  const Tokenizer& tokenizer_;
  const int64_t context_length_;
  Generation generation_;
  std::vector<TokenId> output_;
  StreamingDetokenizer detokenizer_;
  std::vector<TokenId> forbidden_at_first_;  // before min_tokens
  std::vector<TokenId> forbidden_always_;
  std::unique_ptr<GrammarMatcher> grammar_;  // nullptr: any text
  bool has_left_grammar_ = false;
  std::unique_ptr<AnswerParser> calls_;  // nullptr: the answer goes on behind a call
  std::optional<GenerationEnd> end_;
};

}  // namespace shoal
