#include "grammar/relaxed_schema.h"

#include <algorithm>
#include <array>
#include <utility>

namespace shoal {
namespace {

// The members of these have names that the schema's author chose.
constexpr std::array<std::string_view, 6> named{"properties",  "patternProperties", "$defs",
                                                "definitions", "dependentSchemas",  "dependencies"};
// Asking for less inside these may ask for more as a whole.
constexpr std::array<std::string_view, 3> reversing_keywords{"not", "if", "oneOf"};

// Finds the keywords that lead from `at` to the schema, outermost first.
bool find_way(const Value& at, const Value* schema, bool are_names, std::vector<SchemaPart>& way) {
  if (&at == schema) return true;
  if (at.array() != nullptr) {
    return std::ranges::any_of(*at.array(),
                               [&](const Value& item) { return find_way(item, schema, false, way); });
  }
  if (at.object() == nullptr) return false;
  for (const auto& [name, member] : *at.object()) {
    way.push_back({&at, are_names ? "" : name});
    if (find_way(member, schema, !are_names && is_one_of(name, named), way)) return true;
    way.pop_back();
  }
  return false;
}

Value copy_without(const Value& at, const SchemaPart& part) {
  const bool is_it = &at == part.schema;
  if (is_it && part.keyword.empty()) return true;
  if (at.array() != nullptr) {
    Value::Array items;
    for (const Value& item : *at.array()) items.push_back(copy_without(item, part));
    return items;
  }
  if (at.object() == nullptr) return at;
  Value::Object members;
  for (const auto& [name, member] : *at.object()) {
    if (!is_it || name != part.keyword) {
      members.emplace_back(name, copy_without(member, part));
    } else if (name == "oneOf" && at.find("anyOf") == nullptr) {
      members.emplace_back("anyOf", member);
    }
  }
  return members;
}

}  // namespace

Value without_part(const Value& root, const SchemaPart& part) {
  std::vector<SchemaPart> way;
  if (!find_way(root, part.schema, false, way)) return root;
  const auto reversing = std::ranges::find_if(
      way, [](const SchemaPart& on_way) { return is_one_of(on_way.keyword, reversing_keywords); });
  return copy_without(root, reversing == way.end() ? part : *reversing);
}

Value outline_of(const Value& schema) {
  Value::Object members;
  if (const Value* properties = schema.find("properties"); properties != nullptr && properties->object()) {
    for (const auto& [name, own] : *properties->object()) {
      const Value* type = own.find("type");
      members.emplace_back(name, type == nullptr ? Value(true) : Value(Value::Object{{"type", *type}}));
    }
  }
  Value outline = Value::Object{{"type", "object"}, {"properties", std::move(members)}};
  for (const char* keyword : {"required", "additionalProperties"}) {
    const Value* own = schema.find(keyword);
    if (own != nullptr && own->object() == nullptr) outline.set(keyword, *own);
  }
  return outline;
}

}  // namespace shoal
