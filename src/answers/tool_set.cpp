#include "answers/tool_set.h"

#include <algorithm>

namespace shoal {
namespace {

struct Kinds {
  bool text = false;
  bool null = false;
  bool other = false;
};

void add_type(const Value& type, Kinds& kinds) {
  if (type.text() == nullptr) return;
  (*type.text() == "string" ? kinds.text : *type.text() == "null" ? kinds.null : kinds.other) = true;
}

// The part of `root` that a reference such as "#/$defs/Color" names; pydantic writes these.
const Value* find_referred(const Value& root, std::string_view reference) {
  if (!reference.starts_with("#/")) return nullptr;
  const Value* at = &root;
  while (at != nullptr && !reference.empty()) {
    reference.remove_prefix(reference.find('/') + 1);
    const size_t end = std::min(reference.find('/'), reference.size());
    at = at->find(reference.substr(0, end));
    reference.remove_prefix(end);
  }
  return at;
}

void collect(const Value& schema, const Value& root, int depth, Kinds& kinds) {
  constexpr int maximum_depth = 8;
  if (depth > maximum_depth) return;
  if (const Value* reference = schema.find("$ref"); reference != nullptr && reference->text() != nullptr) {
    const Value* referred = find_referred(root, *reference->text());
    if (referred != nullptr) return collect(*referred, root, depth + 1, kinds);
  }
  if (const Value* type = schema.find("type"); type != nullptr) {
    add_type(*type, kinds);
    if (type->array() != nullptr) {
      for (const Value& one : *type->array()) add_type(one, kinds);
    }
    return;
  }
  const auto add_value = [&](const Value& value) {
    (value.text() != nullptr ? kinds.text : value.is_null() ? kinds.null : kinds.other) = true;
  };
  if (const Value* value = schema.find("const"); value != nullptr) add_value(*value);
  if (const Value* values = schema.find("enum"); values != nullptr && values->array() != nullptr) {
    std::ranges::for_each(*values->array(), add_value);
  }
  for (const char* name : {"anyOf", "oneOf", "allOf"}) {
    const Value* parts = schema.find(name);
    if (parts == nullptr || parts->array() == nullptr) continue;
    for (const Value& part : *parts->array()) collect(part, root, depth + 1, kinds);
  }
}

}  // namespace

ToolSet::ToolSet(const Value& tools) {
  if (tools.array() == nullptr) return;
  Value::Array functions;
  for (const Value& tool : *tools.array()) {
    const Value* function = tool.find("function");
    const Value* name = function == nullptr ? nullptr : function->find("name");
    if (name != nullptr && name->text() != nullptr && !name->text()->empty()) functions.push_back(*function);
  }
  functions_ = std::make_shared<const Value::Array>(std::move(functions));
}

const Value* ToolSet::find(std::string_view name) const {
  if (functions_ == nullptr) return nullptr;
  for (const Value& function : *functions_) {
    if (*function.find("name")->text() == name) return &function;
  }
  return nullptr;
}

ParameterKind ToolSet::kind_of(std::string_view function, std::string_view parameter) const {
  const Value* called = find(function);
  const Value* schema = called == nullptr ? nullptr : called->find("parameters");
  const Value* properties = schema == nullptr ? nullptr : schema->find("properties");
  const Value* value = properties == nullptr ? nullptr : properties->find(parameter);
  if (value == nullptr) return ParameterKind::unknown;
  Kinds kinds;
  collect(*value, *schema, 0, kinds);
  if (kinds.text && kinds.other) return ParameterKind::either;
  if (kinds.text) return kinds.null ? ParameterKind::text_or_null : ParameterKind::text;
  return kinds.other ? ParameterKind::other : ParameterKind::unknown;
}

}  // namespace shoal
