// Renders a template without any variable; "ERROR " and the message when that fails.
#pragma once

#include <string>
#include <string_view>

#include "templates/chat_template.h"

namespace shoal {

inline std::string rendered(std::string_view source) {
  const Result<ChatTemplate> parsed = ChatTemplate::parse(source);
  if (!parsed) return "ERROR " + parsed.error().message;
  const Result<std::string> text = parsed->render(Value(Value::Object{}));
  return text ? *text : "ERROR " + text.error().message;
}

}  // namespace shoal
