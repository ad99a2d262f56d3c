#include "api/template_fields.h"

#include <fmt/format.h>

#include <algorithm>

namespace shoal {
namespace {

// Adds chat_template_kwargs, which may not set what the request itself has.
void add_settings(RequestFields& fields, Value& context) {
  const Value::Object* settings = fields.object("chat_template_kwargs");
  if (settings == nullptr) return;
  for (const auto& [name, value] : *settings) {
    if (name == "messages" || name == "tools") {
      fields.reject_unsupported("chat_template_kwargs", fmt::format("\"{}\" is a field of its own", name));
    }
    context.set(name, value);
  }
}

// Reads enable_thinking, which is Qwen's and Hugging Face's name, or Ollama's think, which may also say how
// much.
void add_thinking(RequestFields& fields, Value& context) {
  const std::string_view name = fields.spelling({"enable_thinking", "think"});
  const Value* wish = fields.find(name);
  if (wish == nullptr) return;
  if (name == "think" && wish->text() != nullptr) {
    context.set("reasoning_effort", *wish);
  } else if (const auto thinking = fields.boolean(name)) {
    context.set("enable_thinking", *thinking);
  }
}

}  // namespace

Value::Object read_template_fields(RequestFields& fields) {
  Value context{Value::Object{}};
  const bool continues = fields.boolean("continue_final_message").value_or(false);
  const auto opens_answer = fields.boolean("add_generation_prompt");
  if (continues && opens_answer.value_or(false)) {
    fields.reject("add_generation_prompt", "must be false where continue_final_message is true");
  }
  context.set("add_generation_prompt", opens_answer.value_or(!continues));
  if (continues) context.set("continue_final_message", true);
  add_thinking(fields, context);
  if (const Value::Array* documents = fields.array("documents")) {
    const bool objects =
        std::ranges::all_of(*documents, [](const Value& one) { return one.object() != nullptr; });
    if (!objects) fields.reject("documents", "must be an array of objects", "invalid_type");
    if (!documents->empty()) context.set("documents", *documents);
  }
  if (auto effort = fields.text("reasoning_effort")) context.set("reasoning_effort", std::move(*effort));
  add_settings(fields, context);
  return *context.object();
}

}  // namespace shoal
