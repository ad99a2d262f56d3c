// What is to be generated for a client, and what comes of it. Plain data: a Generation can be submitted again
// on any node.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "answers/answer_form.h"
#include "answers/tool_set.h"
#include "base/error.h"
#include "base/ids.h"
#include "engine/sampler.h"
#include "grammar/grammar_vocabulary.h"
#include "scheduler/request_settings.h"
#include "tokens/detokenizer.h"

namespace shoal {

// What finds the end of an answer that ends with its first call of a tool.
struct SingleCall {
  AnswerOpening opening;
  ToolSet tools;
};

// One choice of a request. Together with the tokens delivered so far it is all that is needed to go on
// elsewhere.
struct Generation {
  RequestId request;
  uint32_t choice_index;           // `n` choices share a request
  std::vector<TokenId> prompt;     // not empty
  std::vector<TokenId> delivered;  // tokens of an earlier run; generation goes on behind them
  RequestSettings settings;        // as asked for, but with an empty `sampling`
  // What the wishes for sampling came to, with the model's settings and the seed.
  SamplingSettings sampling;
  // Of the completion, `delivered` included; no more than the context has room for.
  int64_t max_tokens;
  TextStart text_start = TextStart::beginning;  // continuation: the answer goes on with the prompt's text
  std::vector<TokenId> shown_tokens = {};       // special tokens that are part of the answer's text
  std::shared_ptr<const TokenGrammar> grammar = nullptr;  // for the completion's text; nullptr: any text
  std::optional<SingleCall> single_call = std::nullopt;
};

struct TokenLogprob {
  TokenId token;
  std::string bytes;  // the tokenizer's; may be part of a character
  float logprob;
};

struct DeliveredToken {
  int64_t index;  // of the completion, from 0
  TokenId token;
  std::string text;  // what may be shown now; often empty, see StreamingDetokenizer
  std::optional<TokenLogprob> logprob;
  std::vector<TokenLogprob> top_logprobs;
};

enum class FinishReason : uint8_t { stop, length };

struct GenerationEnd {
  FinishReason reason;
  std::string text;                       // the rest of the text, held back until now
  std::optional<std::string> stopped_at;  // the stop string that ended the text
  int64_t completion_tokens;
};

// Implemented by service. Called on the scheduler's loop; an implementation posts to its own loop and
// returns.
class TokenSink {
 public:
  virtual ~TokenSink() = default;
  virtual void on_token(const RequestId& request, uint32_t choice_index, DeliveredToken token) = 0;
  virtual void on_finished(const RequestId& request, uint32_t choice_index, GenerationEnd end) = 0;
  virtual void on_failed(const RequestId& request, uint32_t choice_index, Error error) = 0;
};

}  // namespace shoal
