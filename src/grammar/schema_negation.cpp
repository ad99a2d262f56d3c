#include "grammar/schema_negation.h"

#include <fmt/format.h>

#include <array>

#include "grammar/schema_keywords.h"

namespace shoal {
namespace {

constexpr std::array<std::string_view, 6> type_names{"null",        "boolean", "integer",
                                                     fraction_type, "string",  "array"};

// A limit whose negation is one other limit for the same type; `step` is the difference between the two
// counts.
struct OppositeLimit {
  std::string_view keyword;
  std::string_view type;
  std::string_view opposite;
  int64_t step = 0;
};
constexpr OppositeLimit opposite_limits[] = {
    {"exclusiveMinimum", "number", "maximum"}, {"exclusiveMaximum", "number", "minimum"},
    {"pattern", "string", not_pattern},        {"minLength", "string", "maxLength", -1},
    {"maxLength", "string", "minLength", 1},   {"minItems", "array", "maxItems", -1},
    {"maxItems", "array", "minItems", 1}};

std::unexpected<Error> wrong(std::string_view keyword, std::string_view must) {
  return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" must be {}", keyword, must));
}

Value limit(std::string_view type, std::string_view keyword, Value value) {
  return Value::Object{{"type", std::string(type)}, {std::string(keyword), std::move(value)}};
}

Result<void> negate_limit(const OppositeLimit& opposite, const Value& value, Value::Array& choices) {
  if (opposite.step == 0) {
    choices.push_back(limit(opposite.type, opposite.opposite, value));
    return {};
  }
  const int64_t* count = value.integer();
  if (count == nullptr) return wrong(opposite.keyword, "an integer");
  if (*count + opposite.step >= 0)
    choices.push_back(limit(opposite.type, opposite.opposite, *count + opposite.step));
  return {};
}

void negate_type(const Value& schema, Value::Array& choices) {
  const std::set<std::string> types = own_types(schema);
  Value::Array others;
  for (const std::string_view type : type_names) {
    if (!types.contains(std::string(type))) others.push_back(std::string(type));
  }
  if (!types.contains("object")) others.push_back("object");
  if (!others.empty()) choices.push_back(Value::Object{{"type", std::move(others)}});
}

Result<void> negate_required(const Value& value, Value::Array& choices) {
  if (value.array() == nullptr) return wrong("required", "an array");
  for (const Value& key : *value.array()) {
    if (key.text() == nullptr) return wrong("required", "an array of strings");
    choices.push_back(Value::Object{{"type", "object"}, {"properties", Value::Object{{*key.text(), false}}}});
  }
  return {};
}

Result<void> negate_properties(const Value& value, Value::Array& choices) {
  if (value.object() == nullptr) return wrong("properties", "an object");
  for (const auto& [key, inner] : *value.object()) {
    choices.push_back(Value::Object{{"type", "object"},
                                    {"required", Value::Array{key}},
                                    {"properties", Value::Object{{key, not_schema(inner)}}}});
  }
  return {};
}

// Negates keywords whose value is one schema or several.
Result<void> negate_inner(std::string_view name, const Value& value, Value::Array& choices) {
  if (name == "not") {
    choices.push_back(value);
  } else if (name == "$ref") {
    choices.push_back(not_schema(Value::Object{{"$ref", value}}));
  } else if (name == "allOf") {
    if (value.array() == nullptr) return {};
    for (const Value& part : *value.array()) choices.push_back(not_schema(part));
  } else if (name == "anyOf" && value.array() != nullptr) {
    Value::Array none;
    for (const Value& part : *value.array()) none.push_back(not_schema(part));
    choices.push_back(Value::Object{{"allOf", std::move(none)}});
  } else if (is_one_of(name, plain_keywords) || is_one_of(name, unsupported_keywords) || name == "oneOf" ||
             name == "if" || name == "anyOf" || name.starts_with("dependen")) {
    return fail(ErrorCode::invalid_argument, fmt::format("the negation of \"{}\" is not supported", name));
  }
  return {};
}

Result<void> negate_member(const Value& schema, const Value::Member& member, Value::Array& choices) {
  const auto& [name, value] = member;
  if (name == "type") {
    negate_type(schema, choices);
    return {};
  }
  if (name == "enum" && value.array() == nullptr) return wrong("enum", "an array");
  if (name == "enum" || name == "const") {
    choices.push_back(
        Value::Object{{std::string(not_enum), name == "enum" ? value : Value(Value::Array{value})}});
    return {};
  }
  if (name == "required") return negate_required(value, choices);
  if (name == "properties") return negate_properties(value, choices);
  if (name == "minimum" || name == "maximum") {
    const bool is_exclusive = is_made_exclusive(schema, name);
    const std::string_view other = name == "minimum" ? "maximum" : "minimum";
    const std::string_view exclusive = name == "minimum" ? "exclusiveMaximum" : "exclusiveMinimum";
    choices.push_back(limit("number", is_exclusive ? other : exclusive, value));
    return {};
  }
  // Old drafts' booleans belong to minimum or maximum beside them.
  if (name.starts_with("exclusive") && value.boolean() != nullptr) return {};
  const auto* opposite = std::ranges::find(opposite_limits, name, &OppositeLimit::keyword);
  if (opposite != std::end(opposite_limits)) return negate_limit(*opposite, value, choices);
  return negate_inner(name, value, choices);
}

}  // namespace

Value not_schema(Value schema) { return Value::Object{{"not", std::move(schema)}}; }

Result<Value::Array> negations(const Value& schema) {
  Value::Array choices;
  for (const Value::Member& member : *schema.object()) {
    if (Result<void> negated = negate_member(schema, member, choices); !negated) return fail(negated.error());
  }
  return choices;
}

}  // namespace shoal
