// Any body, read as a chat and as a completion, is refused with a 400 that says why, or becomes a request
// whose settings are within their ranges. The context for a chat's template is JSON.
#include "api/chat_request.h"
#include "api/completion_request.h"
#include "base/check.h"

namespace {

void check_options(const shoal::GenerationOptions& options) {
  const shoal::RequestSettings& settings = options.settings;
  const auto& sampling = settings.sampling;
  CHECK(!sampling.temperature || (*sampling.temperature >= 0 && *sampling.temperature <= 2));
  CHECK(!sampling.top_p || (*sampling.top_p >= 0 && *sampling.top_p <= 1));
  CHECK(!sampling.top_k || *sampling.top_k >= 0);
  CHECK(!sampling.repetition_penalty || *sampling.repetition_penalty > 0);
  CHECK(settings.choice_count >= 1 && settings.choice_count <= shoal::maximum_choices);
  CHECK(!settings.max_tokens || *settings.max_tokens >= 0);
  CHECK(!settings.max_tokens || settings.min_tokens <= *settings.max_tokens);
  CHECK(settings.stop_strings.size() <= 16);
  for (const std::string& stop : settings.stop_strings) CHECK(!stop.empty());
  CHECK(!options.includes_usage || options.is_stream);
}

void check_error(const shoal::ApiError& error) {
  CHECK(error.status == 400 && !error.message.empty());
  CHECK(shoal::parse_json(shoal::format_error(error)).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto chat = shoal::parse_chat_request(body)) {
    check_options(chat->options);
    CHECK(!chat->messages.empty());
    CHECK(shoal::parse_json(shoal::make_chat_context(*chat, "be kind")).has_value());
  } else {
    check_error(chat.error());
  }
  if (const auto text = shoal::parse_completion_request(body)) {
    check_options(text->options);
    CHECK(!text->prompts.empty());
  } else {
    check_error(text.error());
  }
  return 0;
}
