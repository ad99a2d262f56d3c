#include "text/calls/tool_set.h"

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

void collect(const Value& schema, int depth, Kinds& kinds) {
  constexpr int kMaximumDepth = 8;
  if (depth > kMaximumDepth) return;
  if (const Value* type = schema.find("type"); type != nullptr) {
    add_type(*type, kinds);
    if (type->array() != nullptr) {
      for (const Value& one : *type->array()) add_type(one, kinds);
    }
    return;
  }
  if (const Value* values = schema.find("enum"); values != nullptr && values->array() != nullptr) {
    for (const Value& value : *values->array()) {
      (value.text() != nullptr ? kinds.text : value.is_null() ? kinds.null : kinds.other) = true;
    }
  }
  for (const char* name : {"anyOf", "oneOf", "allOf"}) {
    const Value* parts = schema.find(name);
    if (parts == nullptr || parts->array() == nullptr) continue;
    for (const Value& part : *parts->array()) collect(part, depth + 1, kinds);
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
  const Value* value = find(function);
  for (const std::string_view name :
       {std::string_view("parameters"), std::string_view("properties"), parameter}) {
    if (value != nullptr) value = value->find(name);
  }
  if (value == nullptr) return ParameterKind::unknown;
  Kinds kinds;
  collect(*value, 0, kinds);
  if (kinds.text && kinds.other) return ParameterKind::either;
  if (kinds.text) return kinds.null ? ParameterKind::text_or_null : ParameterKind::text;
  return kinds.other ? ParameterKind::other : ParameterKind::unknown;
}

}  // namespace shoal
