#include "templates/continued_chat.h"

#include <algorithm>

namespace shoal {
namespace {

constexpr std::string_view space_characters = " \t\n\r\f\v";

std::string_view strip_left(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(space_characters), text.size()));
}

std::string_view strip_right(std::string_view text) {
  return text.substr(0, text.find_last_not_of(space_characters) + 1);
}

// The words of a message: its content, or the last text of a content in parts.
std::string_view words_of(const Value& message) {
  const Value* content = message.find("content");
  if (content == nullptr) return {};
  if (content->text() != nullptr) return *content->text();
  if (content->array() == nullptr) return {};
  for (auto part = content->array()->rbegin(); part != content->array()->rend(); ++part) {
    const Value* text = part->find("text");
    if (text != nullptr && text->text() != nullptr) return *text->text();
  }
  return {};
}

}  // namespace

bool continues_last_message(const Value& context) {
  const Value* wanted = context.find("continue_final_message");
  return wanted != nullptr && wanted->boolean() != nullptr && *wanted->boolean();
}

Result<void> cut_behind_last_message(const Value& context, RenderedChat& chat) {
  const Value* messages = context.find("messages");
  const bool has_message = messages != nullptr && messages->array() != nullptr && !messages->array()->empty();
  const std::string_view words = has_message ? words_of(messages->array()->back()) : std::string_view();
  const std::string_view stripped = strip_left(strip_right(words));
  if (stripped.empty()) {
    return fail(ErrorCode::invalid_argument, "continue_final_message: the last message has no text");
  }
  const size_t found = chat.text.rfind(stripped);
  if (found == std::string::npos) {
    return fail(ErrorCode::invalid_argument,
                "continue_final_message: the chat template does not show the last message as it is");
  }
  // The template may or may not have kept the white space at the end.
  const std::string_view kept = strip_left(words);
  const bool shows_all = std::string_view(chat.text).substr(found, kept.size()) == kept;
  const size_t end = found + (shows_all ? kept.size() : stripped.size());
  chat.text.resize(end);
  std::vector<TextRange>& ranges = chat.from_context;
  const auto last = static_cast<int64_t>(end);
  std::erase_if(ranges, [last](const TextRange& range) { return range.begin >= last; });
  if (!ranges.empty()) ranges.back().end = std::min(ranges.back().end, last);
  return {};
}

}  // namespace shoal
