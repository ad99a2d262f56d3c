#include "client/chat_stream.h"

#include "json/members.h"
#include "json/value.h"

namespace shoal {
namespace {

// The code of this name. The node sends names in streams, which have no status for each error.
ErrorCode code_named(std::string_view name) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    if (error_code_name(static_cast<ErrorCode>(code)) == name) return static_cast<ErrorCode>(code);
  }
  return name == "model_not_found" ? ErrorCode::not_found : ErrorCode::internal;
}

}  // namespace

Result<void> ChatStream::take_event(std::string_view data) {
  const Result<Value> event = parse_json(data);
  if (!event || event->object() == nullptr)
    return fail(ErrorCode::corrupt_data, "the node's stream has an event that is no JSON object");
  if (const Value* error = event->find("error"))
    return fail(code_named(text_member(*error, "code")), text_member(*error, "message"));
  if (const Value* usage = event->find("usage"); usage != nullptr && usage->object() != nullptr) {
    outcome_.prompt_tokens = integer_member(*usage, "prompt_tokens");
    outcome_.completion_tokens = integer_member(*usage, "completion_tokens");
  }
  const Value* choices = event->find("choices");
  if (choices == nullptr || choices->array() == nullptr || choices->array()->empty()) return {};
  const Value& choice = choices->array()->front();
  if (const std::string reason = text_member(choice, "finish_reason"); !reason.empty())
    outcome_.finish_reason = reason;
  const Value* delta = choice.find("delta");
  if (delta == nullptr) return {};
  const std::string thinking = text_member(*delta, "reasoning_content");
  if (!thinking.empty() && progress_.on_thinking) progress_.on_thinking(thinking);
  const std::string text = text_member(*delta, "content");
  if (!text.empty() && progress_.on_text) progress_.on_text(text);
  return {};
}

Result<void> ChatStream::take(std::string_view bytes) {
  const auto on_data = [this](std::string_view data) -> Result<void> {
    is_done_ = is_done_ || data == "[DONE]";
    return is_done_ ? Result<void>() : take_event(data);
  };
  const auto on_comment = [this](std::string_view comment) {
    if (progress_.on_comment) progress_.on_comment(comment);
  };
  return events_.feed(bytes, on_data, on_comment);
}

Result<ChatOutcome> ChatStream::end() const {
  if (!is_done_) return fail(ErrorCode::unavailable, "the node's stream ended before the answer did");
  return outcome_;
}

}  // namespace shoal
