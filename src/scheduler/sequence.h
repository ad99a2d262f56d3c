// One generation in progress: its tokens, its text, and when it ends. It knows nothing of batches, slots or
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
  // Takes the tokens delivered earlier as its own, so that the text goes on at the right byte; the sequence
  // may end by this. `context_length` limits prompt and completion together. The tokenizer must outlive this
  // object.
  Sequence(Generation generation, const Tokenizer& tokenizer, int64_t context_length);

  const Generation& generation() const { return generation_; }

  // Tokens of the prompt and of the completion so far.
  int64_t token_count() const { return std::ssize(generation_.prompt) + std::ssize(output_); }
  TokenId token_at(int64_t position) const;

  // What sample_token() needs to know; valid until the next accept(). invalid_argument when the grammar
  // allows no token of the model, or did not allow those delivered earlier.
  Result<SampleContext> sample_context();

  // Appends the next token of the completion and returns what to deliver of it: nothing of an end token or a
  // stop token; a token that completes a stop string comes with the text in front of that string.
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
  std::vector<TokenId> forbidden_at_first_;  // up to min_tokens
  std::vector<TokenId> forbidden_always_;
  std::unique_ptr<GrammarMatcher> grammar_;  // nullptr: any text
  bool has_left_grammar_ = false;
  std::unique_ptr<AnswerParser> calls_;  // nullptr: the answer does not end with its first call of a tool
  std::optional<GenerationEnd> end_;
};

}  // namespace shoal
