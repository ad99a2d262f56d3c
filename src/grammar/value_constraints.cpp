#include "grammar/value_constraints.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "json/decimal.h"

namespace shoal {
namespace {

std::optional<uint8_t> type_bits(std::string_view name) {
  constexpr std::pair<std::string_view, int> type_names[] = {{"null", null_bit},
                                                             {"boolean", boolean_bit},
                                                             {"integer", integer_bit},
                                                             {"number", integer_bit | fraction_bit},
                                                             {fraction_type, fraction_bit},
                                                             {"string", string_bit},
                                                             {"array", array_bit},
                                                             {"object", object_bit}};
  for (const auto& [known, bits] : type_names) {
    if (name == known) return static_cast<uint8_t>(bits);
  }
  return std::nullopt;
}

}  // namespace

uint8_t type_of(const Value& value) {
  if (value.is_null()) return null_bit;
  if (value.boolean() != nullptr) return boolean_bit;
  if (value.integer() != nullptr) return integer_bit;
  if (value.number() != nullptr) return to_decimal(value).is_whole() ? integer_bit : fraction_bit;
  if (value.text() != nullptr) return string_bit;
  return value.array() != nullptr ? array_bit : object_bit;
}

Result<uint8_t> types_of(const Schemas& schemas, const SchemaLogic& logic) {
  uint8_t all = all_bits;
  for (const Value* schema : schemas) {
    const Value* type = schema->find("type");
    if (type == nullptr) continue;
    const Value::Array one{*type};
    uint8_t own = 0;
    for (const Value& name : type->array() != nullptr ? *type->array() : one) {
      const auto bits = name.text() == nullptr ? std::nullopt : type_bits(*name.text());
      if (!bits)
        return logic.reject(*schema, "type", fmt::format("{} is no type", format_json(name).substr(0, 100)));
      own |= *bits;
    }
    all &= own;
  }
  return all;
}

bool holds_number(const Value& value) { return value.integer() != nullptr || value.number() != nullptr; }
double number_of(const Value& value) {
  return value.integer() != nullptr ? static_cast<double>(*value.integer()) : *value.number();
}

bool are_equal(const Value& a, const Value& b) {
  if (holds_number(a) && holds_number(b)) return a == b || to_decimal(a) == to_decimal(b);
  if (a.array() != nullptr && b.array() != nullptr) {
    return std::ranges::equal(*a.array(), *b.array(), are_equal);
  }
  if (a.object() != nullptr && b.object() != nullptr) {
    return a.object()->size() == b.object()->size() &&
           std::ranges::all_of(*a.object(), [&](const Value::Member& member) {
             const Value* other = b.find(member.first);
             return other != nullptr && are_equal(member.second, *other);
           });
  }
  return a == b;
}
bool contains(const Value::Array& list, const Value& value) {
  return std::ranges::any_of(list, [&](const Value& item) { return are_equal(item, value); });
}

Value written_shortest(const Value& value) {
  constexpr int64_t plain_digit_limit = 15;
  if (value.number() != nullptr) {
    const Decimal decimal = to_decimal(value);
    const bool is_short = decimal.is_whole() && decimal.place <= plain_digit_limit;
    return is_short ? Value::of_digits(plain_digits(decimal)) : value;
  }
  if (const Value::Array* items = value.array()) {
    Value::Array result;
    for (const Value& item : *items) result.push_back(written_shortest(item));
    return result;
  }
  if (const Value::Object* members = value.object()) {
    Value::Object result;
    for (const auto& [name, member] : *members) result.emplace_back(name, written_shortest(member));
    return result;
  }
  return value;
}

bool have_list(const Schemas& schemas) {
  return std::ranges::any_of(schemas, [](const Value* schema) {
    return schema->find("enum") != nullptr || schema->find("const") != nullptr;
  });
}

Result<Value::Array> listed_values(const Schemas& schemas, const SchemaLogic& logic) {
  std::optional<Value::Array> values;
  for (const Value* schema : schemas) {
    for (const char* keyword : {"enum", "const"}) {
      const Value* given = schema->find(keyword);
      if (given == nullptr) continue;
      const bool is_list = std::string_view(keyword) == "enum";
      if (is_list && given->array() == nullptr) return logic.reject(*schema, keyword, "must be an array");
      const Value::Array own = is_list ? *given->array() : Value::Array{*given};
      if (!values) {
        values = own;
      } else {
        std::erase_if(*values, [&](const Value& value) { return !contains(own, value); });
      }
    }
  }
  return *std::move(values);
}

const Value::Array& excluded_values(const Value& schema) {
  static const Value::Array no_values;
  const Value* list = schema.find(not_enum);
  return list != nullptr && list->array() != nullptr ? *list->array() : no_values;
}

bool is_excluded(const Schemas& schemas, const Value& value) {
  return std::ranges::any_of(schemas,
                             [&](const Value* schema) { return contains(excluded_values(*schema), value); });
}

}  // namespace shoal
