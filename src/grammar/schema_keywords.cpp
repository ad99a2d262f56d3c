#include "grammar/schema_keywords.h"

namespace shoal {

bool is_made_exclusive(const Value& schema, std::string_view limit) {
  const Value* given = schema.find(limit == "minimum" ? "exclusiveMinimum" : "exclusiveMaximum");
  return given != nullptr && given->boolean() != nullptr && *given->boolean();
}

std::set<std::string> own_types(const Value& schema) {
  std::set<std::string> types;
  const Value* type = schema.find("type");
  if (type == nullptr)
    return {"null", "boolean", "integer", std::string(fraction_type), "string", "array", "object"};
  const auto add = [&](const Value& name) {
    if (name.text() == nullptr) return;
    if (*name.text() == "number") {
      types.insert({"integer", std::string(fraction_type)});
    } else {
      types.insert(*name.text());
    }
  };
  if (type->array() != nullptr) {
    for (const Value& name : *type->array()) add(name);
  } else {
    add(*type);
  }
  return types;
}

}  // namespace shoal
