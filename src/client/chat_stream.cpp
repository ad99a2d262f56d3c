#include "client/chat_stream.h"

#include "client/node_json.h"

namespace shoal {
namespace {

using nlohmann::json;

// The code's own name where the node sends one, as it does in streams, which have no status.
ErrorCode code_of_event(const json& event) {
  const std::string name = text_at(event["error"], "code");
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    if (error_code_name(static_cast<ErrorCode>(code)) == name) return static_cast<ErrorCode>(code);
  }
  return name == "model_not_found" ? ErrorCode::not_found : ErrorCode::internal;
}

}  // namespace

Result<void> ChatStream::take_event(std::string_view data) {
  const json event = parse_node_json(data);
  if (!event.is_object())
    return fail(ErrorCode::corrupt_data, "the node's stream has an event that is no JSON object");
  if (event.contains("error")) return fail(code_of_event(event), error_message(event));
  if (const auto usage = event.find("usage"); usage != event.end() && usage->is_object()) {
    outcome_.prompt_tokens = integer_at(*usage, "prompt_tokens");
    outcome_.completion_tokens = integer_at(*usage, "completion_tokens");
  }
  const auto choices = event.find("choices");
  if (choices == event.end() || !choices->is_array() || choices->empty()) return {};
  const json& choice = choices->front();
  if (!choice.is_object()) return {};
  if (const std::string reason = text_at(choice, "finish_reason"); !reason.empty())
    outcome_.finish_reason = reason;
  const auto delta = choice.find("delta");
  if (delta == choice.end()) return {};
  const std::string thinking = text_at(*delta, "reasoning_content");
  if (!thinking.empty() && progress_.on_thinking) progress_.on_thinking(thinking);
  const std::string text = text_at(*delta, "content");
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
