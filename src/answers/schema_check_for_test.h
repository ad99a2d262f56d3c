// Judges whether a value satisfies a JSON schema by a plain walk over both, which shares no code with the
// grammars. Knows the keywords that functions' schemas use. For tests only.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "base/utf8.h"
#include "json/value.h"

namespace shoal {

inline bool has_type(const Value& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.boolean() != nullptr;
  if (type == "string") return value.text() != nullptr;
  if (type == "array") return value.array() != nullptr;
  if (type == "object") return value.object() != nullptr;
  const bool is_whole = value.integer() != nullptr ||
                        (value.number() != nullptr && std::floor(*value.number()) == *value.number());
  return type == "integer" ? is_whole
                           : type == "number" && (value.integer() != nullptr || value.number() != nullptr);
}

inline double as_number(const Value& value) {
  return value.integer() != nullptr ? static_cast<double>(*value.integer()) : *value.number();
}

inline bool satisfies(const Value& value, const Value& schema);

inline bool satisfies_object(const Value& value, const Value& schema) {
  const Value* properties = schema.find("properties");
  const Value* others = schema.find("additionalProperties");
  for (const auto& [name, member] : *value.object()) {
    const Value* own = properties == nullptr ? nullptr : properties->find(name);
    if (own == nullptr) own = others;
    if (own != nullptr && !satisfies(member, *own)) return false;
  }
  const Value* required = schema.find("required");
  return required == nullptr || std::ranges::all_of(*required->array(), [&](const Value& name) {
           return value.find(*name.text()) != nullptr;
         });
}

inline bool satisfies_limits(const Value& value, const Value& schema) {
  const auto within = [&](const char* least, const char* most, double size) {
    const Value* low = schema.find(least);
    const Value* high = schema.find(most);
    return (low == nullptr || size >= as_number(*low)) && (high == nullptr || size <= as_number(*high));
  };
  if (has_type(value, "number")) return within("minimum", "maximum", as_number(value));
  if (value.text() != nullptr)
    return within("minLength", "maxLength", static_cast<double>(count_code_points(*value.text())));
  return value.array() == nullptr ||
         within("minItems", "maxItems", static_cast<double>(value.array()->size()));
}

inline bool satisfies(const Value& value, const Value& schema) {
  if (schema.boolean() != nullptr) return *schema.boolean();
  if (const Value* type = schema.find("type"); type != nullptr) {
    const Value::Array one{*type};
    const Value::Array& types = type->array() != nullptr ? *type->array() : one;
    if (std::ranges::none_of(types, [&](const Value& name) { return has_type(value, *name.text()); }))
      return false;
  }
  const auto is_same = [&](const Value& other) { return format_json(other) == format_json(value); };
  if (const Value* list = schema.find("enum");
      list != nullptr && std::ranges::none_of(*list->array(), is_same))
    return false;
  if (const Value* all = schema.find("anyOf");
      all != nullptr &&
      std::ranges::none_of(*all->array(), [&](const Value& part) { return satisfies(value, part); }))
    return false;
  if (value.object() != nullptr && !satisfies_object(value, schema)) return false;
  if (const Value* items = schema.find("items"); items != nullptr && value.array() != nullptr) {
    if (!std::ranges::all_of(*value.array(), [&](const Value& item) { return satisfies(item, *items); }))
      return false;
  }
  return satisfies_limits(value, schema);
}

}  // namespace shoal
