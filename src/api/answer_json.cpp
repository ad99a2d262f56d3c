#include "api/answer_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "json/value.h"

namespace shoal {
namespace {

// JSON has no infinity; OpenAI gives this number for a token that cannot come.
constexpr double no_logprob = -9999.0;

Value to_number(float logprob) {
  return std::isfinite(logprob) ? Value(static_cast<double>(logprob)) : Value(no_logprob);
}

// A token that is not a whole number of characters is written as its bytes.
std::string to_token_text(const std::string& bytes) {
  if (is_valid_utf8(bytes)) return bytes;
  std::string text = "bytes:";
  for (const char byte : bytes) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  return text;
}

Value to_bytes(const std::string& bytes) {
  Value::Array numbers;
  for (const char byte : bytes) numbers.emplace_back(int64_t{static_cast<unsigned char>(byte)});
  return numbers;
}

Value::Object chat_entry(const TokenLogprob& token) {
  return {{"token", to_token_text(token.bytes)},
          {"logprob", to_number(token.logprob)},
          {"bytes", to_bytes(token.bytes)}};
}

Value chat_logprobs(std::span<const DeliveredToken> tokens) {
  Value::Array content;
  for (const DeliveredToken& token : tokens) {
    if (!token.logprob) continue;
    Value::Object entry = chat_entry(*token.logprob);
    Value::Array top;
    for (const TokenLogprob& alternative : token.top_logprobs) top.emplace_back(chat_entry(alternative));
    entry.emplace_back("top_logprobs", std::move(top));
    content.emplace_back(std::move(entry));
  }
  return Value::Object{{"content", std::move(content)}, {"refusal", Value()}};
}

// The alternatives' logprobs by their text; the chosen token is among them.
Value completion_alternatives(const DeliveredToken& token) {
  Value alternatives{Value::Object{}};
  for (const TokenLogprob& alternative : token.top_logprobs) {
    const std::string text = to_token_text(alternative.bytes);
    if (alternatives.find(text) == nullptr) alternatives.set(text, to_number(alternative.logprob));
  }
  const std::string chosen = to_token_text(token.logprob->bytes);
  if (alternatives.find(chosen) == nullptr) alternatives.set(chosen, to_number(token.logprob->logprob));
  return alternatives;
}

Value completion_logprobs(std::span<const DeliveredToken> tokens, int64_t text_offset) {
  Value::Array texts, logprobs, alternatives, offsets;
  for (const DeliveredToken& token : tokens) {
    if (!token.logprob) continue;
    texts.emplace_back(to_token_text(token.logprob->bytes));
    logprobs.emplace_back(to_number(token.logprob->logprob));
    alternatives.emplace_back(completion_alternatives(token));
    offsets.emplace_back(text_offset);
    text_offset += count_characters(token);
  }
  return Value::Object{{"tokens", std::move(texts)},
                       {"token_logprobs", std::move(logprobs)},
                       {"top_logprobs", std::move(alternatives)},
                       {"text_offset", std::move(offsets)}};
}

Value format_logprobs(const AnswerShape& shape, std::span<const DeliveredToken> tokens, int64_t text_offset) {
  if (!shape.has_logprobs) return {};
  switch (shape.kind) {
    case AnswerKind::chat: return chat_logprobs(tokens);
    case AnswerKind::completion: return completion_logprobs(tokens, text_offset);
  }
  return {};
}

Value finish_name(const AnswerShape& shape, FinishReason reason, AnswerEnd end) {
  const char* with_calls = shape.calls == CallShape::tools ? "tool_calls" : "function_call";
  switch (reason) {
    case FinishReason::stop: return end == AnswerEnd::with_calls ? with_calls : "stop";
    case FinishReason::length: return "length";
  }
  return {};
}

Value format_usage(const Usage& usage) {
  return Value::Object{{"prompt_tokens", usage.prompt_tokens},
                       {"completion_tokens", usage.completion_tokens},
                       {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

std::string_view object_name(AnswerKind kind, bool is_event) {
  switch (kind) {
    case AnswerKind::chat: return is_event ? "chat.completion.chunk" : "chat.completion";
    case AnswerKind::completion: return "text_completion";
  }
  return "";
}

Value::Object make_envelope(const AnswerShape& shape, bool is_event, Value::Array choices) {
  return {{"id", shape.id},
          {"object", std::string(object_name(shape.kind, is_event))},
          {"created", shape.created},
          {"model", shape.model},
          {"system_fingerprint", shape.fingerprint},
          {"choices", std::move(choices)}};
}

std::string to_event(const AnswerShape& shape, Value::Array choices, Value usage) {
  Value::Object event = make_envelope(shape, /*is_event=*/true, std::move(choices));
  if (shape.includes_usage) event.emplace_back("usage", std::move(usage));
  return "data: " + format_json(Value(std::move(event))) + "\n\n";
}

// A chat's event has `delta`, a completion's has `text`.
std::string choice_event(const AnswerShape& shape, uint32_t choice, Value::Object delta, std::string text,
                         Value logprobs, Value finish_reason) {
  Value::Object event{{"index", int64_t{choice}}};
  switch (shape.kind) {
    case AnswerKind::chat: event.emplace_back("delta", std::move(delta)); break;
    case AnswerKind::completion: event.emplace_back("text", std::move(text)); break;
  }
  event.emplace_back("logprobs", std::move(logprobs));
  event.emplace_back("finish_reason", std::move(finish_reason));
  return to_event(shape, {Value(std::move(event))}, {});
}

Value::Object format_call(const CallAnswer& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function", Value::Object{{"name", call.name}, {"arguments", call.arguments}}}};
}

Value format_message(const AnswerShape& shape, const ChoiceAnswer& choice) {
  const bool has_only_calls = choice.text.empty() && !choice.calls.empty();
  Value::Object message{{"role", "assistant"},
                        {"content", has_only_calls ? Value() : Value(choice.text)},
                        {"refusal", Value()}};
  if (!choice.reasoning.empty()) message.emplace_back("reasoning_content", choice.reasoning);
  if (!choice.calls.empty() && shape.calls == CallShape::function) {
    const CallAnswer& call = choice.calls.front();
    message.emplace_back("function_call", Value::Object{{"name", call.name}, {"arguments", call.arguments}});
  } else if (!choice.calls.empty()) {
    Value::Array calls;
    for (const CallAnswer& call : choice.calls) calls.emplace_back(format_call(call));
    message.emplace_back("tool_calls", std::move(calls));
  }
  return message;
}

Value::Object call_delta(int64_t index, Value::Object call) {
  call.insert(call.begin(), {"index", index});
  return {{"tool_calls", Value::Array{Value(std::move(call))}}};
}

Value::Object begin_delta(const AnswerShape& shape, const AnswerEvent& piece) {
  if (shape.calls == CallShape::function)
    return {{"function_call", Value::Object{{"name", piece.name}, {"arguments", ""}}}};
  return call_delta(piece.call, format_call({.id = piece.id, .name = piece.name, .arguments = ""}));
}

Value::Object arguments_delta(const AnswerShape& shape, const AnswerEvent& piece) {
  Value::Object arguments{{"arguments", piece.text}};
  if (shape.calls == CallShape::function) return {{"function_call", std::move(arguments)}};
  return call_delta(piece.call, {{"function", std::move(arguments)}});
}

Value::Object format_delta(const AnswerShape& shape, const AnswerEvent& piece) {
  switch (piece.kind) {
    case AnswerEventKind::content: return {{"content", piece.text}};
    case AnswerEventKind::reasoning: return {{"reasoning_content", piece.text}};
    case AnswerEventKind::call_begin: return begin_delta(shape, piece);
    case AnswerEventKind::call_arguments: return arguments_delta(shape, piece);
    case AnswerEventKind::call_end:
    case AnswerEventKind::call_withdrawn: break;
  }
  return {};
}

}  // namespace

int64_t count_characters(const DeliveredToken& token) {
  if (!token.logprob) return 0;
  return std::ranges::count_if(token.logprob->bytes, [](char byte) { return (byte & 0xC0) != 0x80; });
}

std::string format_answer(const AnswerShape& shape, std::span<const ChoiceAnswer> choices,
                          const Usage& usage) {
  Value::Array items;
  for (size_t i = 0; i < choices.size(); ++i) {
    const ChoiceAnswer& choice = choices[i];
    Value::Object item{{"index", static_cast<int64_t>(i)}};
    switch (shape.kind) {
      case AnswerKind::chat: item.emplace_back("message", format_message(shape, choice)); break;
      case AnswerKind::completion: item.emplace_back("text", choice.text); break;
    }
    item.emplace_back("logprobs", format_logprobs(shape, choice.tokens, 0));
    item.emplace_back("finish_reason",
                      finish_name(shape, choice.reason,
                                  choice.calls.empty() ? AnswerEnd::with_text : AnswerEnd::with_calls));
    items.emplace_back(std::move(item));
  }
  Value::Object answer = make_envelope(shape, /*is_event=*/false, std::move(items));
  answer.emplace_back("usage", format_usage(usage));
  return format_json(Value(std::move(answer)));
}

std::string format_role_event(const AnswerShape& shape, uint32_t choice) {
  return choice_event(shape, choice, {{"role", "assistant"}, {"content", ""}}, "", {}, {});
}

std::string format_piece_event(const AnswerShape& shape, uint32_t choice, const AnswerEvent& piece,
                               std::span<const DeliveredToken> tokens, int64_t text_offset) {
  return choice_event(shape, choice, format_delta(shape, piece), piece.text,
                      format_logprobs(shape, tokens, text_offset), {});
}

std::string format_finish_event(const AnswerShape& shape, uint32_t choice, FinishReason reason,
                                AnswerEnd end) {
  return choice_event(shape, choice, {}, "", {}, finish_name(shape, reason, end));
}

std::string format_usage_event(const AnswerShape& shape, const Usage& usage) {
  return to_event(shape, {}, format_usage(usage));
}

}  // namespace shoal
