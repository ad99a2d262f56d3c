#include "scheduler/sequence.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace shoal {

Sequence::Sequence(Generation generation, const Tokenizer& tokenizer, int64_t context_length)
    : tokenizer_(tokenizer),
      context_length_(context_length),
      generation_(std::move(generation)),
      detokenizer_(tokenizer, generation_.settings.stop_strings, generation_.text_start,
                   generation_.shown_tokens),
      forbidden_at_first_(tokenizer.end_tokens()) {
  for (const TokenId token : generation_.settings.stop_tokens) {  // each one once
    if (std::ranges::count(forbidden_at_first_, token) == 0) forbidden_at_first_.push_back(token);
  }
  if (generation_.settings.ignore_end_tokens) forbidden_always_ = tokenizer.end_tokens();
  if (generation_.grammar != nullptr) {
    const bool drops = generation_.text_start == TextStart::beginning && tokenizer.drops_first_space();
    grammar_ =
        std::make_unique<GrammarMatcher>(generation_.grammar, drops ? FirstSpace::dropped : FirstSpace::kept);
  }
  if (generation_.single_call) {
    const auto& [opening, tools] = *generation_.single_call;
    calls_ = make_answer_parser(opening.format, tools);
    calls_->push(opening.prefix);
  }
  if (generation_.max_tokens <= 0) {
    finish(FinishReason::length);
  } else if (grammar_ && !grammar_->can_go_on()) {
    finish(FinishReason::stop);
  }
  for (const TokenId token : generation_.delivered) {
    if (end_) break;
    append(token);
  }
}

TokenId Sequence::token_at(int64_t position) const {
  const int64_t prompt_size = std::ssize(generation_.prompt);
  return position < prompt_size ? generation_.prompt[static_cast<size_t>(position)]
                                : output_[static_cast<size_t>(position - prompt_size)];
}

Result<SampleContext> Sequence::sample_context() {
  const bool is_early = std::ssize(output_) < generation_.settings.min_tokens;
  SampleContext context{.prompt = generation_.prompt,
                        .output = output_,
                        .choice_index = generation_.choice_index,
                        .forbidden = is_early ? forbidden_at_first_ : forbidden_always_};
  if (!grammar_) return context;
  if (has_left_grammar_) {
    return fail(ErrorCode::invalid_argument, "the tokens delivered so far are not of the grammar");
  }
  const TokenMask& mask =
      grammar_->mask(std::min(generation_.max_tokens - std::ssize(output_), context_length_ - token_count()));
  const auto lost =
      std::ranges::count_if(context.forbidden, [&](TokenId token) { return mask.allows(token); });
  if (mask.count() == lost) {
    return fail(ErrorCode::invalid_argument,
                "no token of the model goes on with the text as the grammar wants it");
  }
  context.allowed = mask.words();
  return context;
}

std::optional<DeliveredToken> Sequence::accept(const Sample& sample) {
  std::optional<DeliveredToken> delivered = append(sample.token.token);
  if (delivered && generation_.settings.top_logprobs) {
    delivered->logprob = named(sample.token);
    for (const TokenProbability& other : sample.top) delivered->top_logprobs.push_back(named(other));
  }
  return delivered;
}

std::optional<DeliveredToken> Sequence::append(TokenId token) {
  CHECK(!end_);
  output_.push_back(token);
  if (ends_at(token)) {
    finish(FinishReason::stop);
    return std::nullopt;
  }
  StreamingDetokenizer::Piece piece = detokenizer_.add(token);
  const int64_t count = std::ssize(output_);
  follow_grammar(token);
  const bool is_complete = grammar_ && !has_left_grammar_ && !grammar_->can_go_on();
  if (piece.stopped || is_complete || ends_first_call(piece.text)) {
    finish(FinishReason::stop);
  } else if (count >= generation_.max_tokens || token_count() >= context_length_) {
    finish(FinishReason::length);
  }
  return DeliveredToken{
      .index = count - 1, .token = token, .text = std::move(piece.text), .logprob = {}, .top_logprobs = {}};
}

bool Sequence::ends_first_call(std::string_view text) {
  return calls_ && std::ranges::any_of(calls_->push(text), [](const AnswerEvent& event) {
           return event.kind == AnswerEventKind::call_end;
         });
}

void Sequence::follow_grammar(TokenId token) {
  if (grammar_ && !grammar_->accept(token)) has_left_grammar_ = true;
}

bool Sequence::ends_at(TokenId token) const {
  if (std::ranges::find(generation_.settings.stop_tokens, token) != generation_.settings.stop_tokens.end())
    return true;
  const std::vector<TokenId>& ends = tokenizer_.end_tokens();
  return !generation_.settings.ignore_end_tokens && std::ranges::find(ends, token) != ends.end();
}

// The bytes that were held back may complete a stop string; then that is what ended the text.
void Sequence::finish(FinishReason reason) {
  end_ = GenerationEnd{.reason = reason,
                       .text = detokenizer_.finish(),
                       .stopped_at = {},
                       .completion_tokens = std::ssize(output_)};
  if (detokenizer_.stopped_at().empty()) return;
  end_->reason = FinishReason::stop;
  end_->stopped_at = detokenizer_.stopped_at();
}

TokenLogprob Sequence::named(const TokenProbability& probability) const {
  return {.token = probability.token,
          .bytes = std::string(tokenizer_.token_bytes(probability.token)),
          .logprob = probability.logprob};
}

}  // namespace shoal
