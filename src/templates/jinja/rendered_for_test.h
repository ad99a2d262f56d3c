// What a template gives without any variable, or "ERROR " and why it gives nothing.
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
