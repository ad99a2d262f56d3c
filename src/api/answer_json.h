// Writes generated text in OpenAI's formats: a whole answer, or the events of a stream. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "answers/answer_event.h"
#include "service/response_sink.h"

namespace shoal {

enum class AnswerKind : uint8_t { chat, completion };
// function: one call, in the form that OpenAI had before tools.
enum class CallShape : uint8_t { tools, function };

// The members that every event of an answer repeats.
struct AnswerShape {
  AnswerKind kind;
  std::string id;
  int64_t created;  // seconds since 1970
  std::string model;
  std::string fingerprint;
  bool has_logprobs;
  bool includes_usage;  // the stream ends with an event of the token counts
  CallShape calls = CallShape::tools;
};

struct Usage {
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
};

struct CallAnswer {
  std::string id;
  std::string name;
  std::string arguments;
};

struct ChoiceAnswer {
  std::string text;
  std::string reasoning = {};
  std::vector<CallAnswer> calls = {};
  std::vector<DeliveredToken> tokens;  // kept only when logprobs were asked for; without their text
  FinishReason reason = FinishReason::stop;
};

std::string format_answer(const AnswerShape& shape, std::span<const ChoiceAnswer> choices,
                          const Usage& usage);

// The following give server-sent events: "data: …" and an empty line. A chat choice starts with its role.
std::string format_role_event(const AnswerShape& shape, uint32_t choice);
// A piece of text or thinking, or a call's beginning or arguments. `tokens` are the piece's; `text_offset` is
// the count_characters() of all tokens of the choice before them.
std::string format_piece_event(const AnswerShape& shape, uint32_t choice, const AnswerEvent& piece,
                               std::span<const DeliveredToken> tokens, int64_t text_offset);
enum class AnswerEnd : uint8_t { with_text, with_calls };
std::string format_finish_event(const AnswerShape& shape, uint32_t choice, FinishReason reason,
                                AnswerEnd end);
std::string format_usage_event(const AnswerShape& shape, const Usage& usage);

// Characters that begin in the token's own bytes, which text_offset counts.
int64_t count_characters(const DeliveredToken& token);

}  // namespace shoal
