#include "api/template_fields.h"

#include <algorithm>

namespace shoal {

Value::Object read_template_fields(RequestFields& fields) {
  Value::Object context;
  const bool continues = fields.boolean("continue_final_message").value_or(false);
  const auto opens_answer = fields.boolean("add_generation_prompt");
  if (continues && opens_answer.value_or(false)) {
    fields.reject("add_generation_prompt", "must be false where continue_final_message is true");
  }
  context.emplace_back("add_generation_prompt", opens_answer.value_or(!continues));
  if (continues) context.emplace_back("continue_final_message", true);
  if (const auto thinking = fields.boolean("enable_thinking")) {
    context.emplace_back("enable_thinking", *thinking);
  }
  if (const Value::Array* documents = fields.array("documents")) {
    const bool objects =
        std::ranges::all_of(*documents, [](const Value& one) { return one.object() != nullptr; });
    if (!objects) fields.reject("documents", "must be an array of objects", "invalid_type");
    if (!documents->empty()) context.emplace_back("documents", *documents);
  }
  return context;
}

}  // namespace shoal
