#include "grammar/object_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace shoal {
namespace {

const Value::Object* members_of(const Value& schema, std::string_view keyword) {
  const Value* value = schema.find(keyword);
  return value == nullptr ? nullptr : value->object();
}

Result<void> check_shapes(const Value& schema, const SchemaLogic& logic) {
  for (const char* keyword : {"properties", "patternProperties"}) {
    if (schema.find(keyword) != nullptr && members_of(schema, keyword) == nullptr) {
      return logic.reject(schema, keyword, "must be an object");
    }
  }
  const Value* required = schema.find("required");
  if (required == nullptr) return {};
  const auto is_text = [](const Value& name) { return name.text() != nullptr; };
  if (required->array() == nullptr || !std::ranges::all_of(*required->array(), is_text)) {
    return logic.reject(schema, "required", "must be an array of strings");
  }
  return {};
}

class ObjectReader {
 public:
  ObjectReader(const Schemas& schemas, const SchemaLogic& logic, PatternMatcher& patterns)
      : schemas_(schemas), logic_(logic), patterns_(patterns) {}

  Result<ObjectShape> read() {
    for (const Value* schema : schemas_) {
      if (Result<void> read = read_schema(*schema); !read) return fail(read.error());
    }
    for (ObjectMember& member : shape_.members) {
      for (const Value* schema : schemas_) {
        if (Result<void> added = add_value(*schema, member); !added) return fail(added.error());
      }
    }
    if (Result<void> added = add_extras(); !added) return fail(added.error());
    return std::move(shape_);
  }

 private:
  ObjectMember& member(const std::string& name) {
    const auto [found, is_new] = numbers_.try_emplace(name, shape_.members.size());
    if (is_new) shape_.members.push_back({.name = name, .value = {}});
    return shape_.members[found->second];
  }

  Result<void> read_schema(const Value& schema) {
    if (Result<void> checked = check_shapes(schema, logic_); !checked) return checked;
    if (const Value::Object* properties = members_of(schema, "properties")) {
      for (const auto& [name, value] : *properties) member(name);
    }
    if (const Value* required = schema.find("required")) {
      for (const Value& name : *required->array()) member(*name.text()).is_required = true;
    }
    if (const Value::Object* by_pattern = members_of(schema, "patternProperties")) {
      for (const auto& [pattern, value] : *by_pattern) {
        if (std::ranges::find(all_patterns_, pattern) == all_patterns_.end())
          all_patterns_.push_back(pattern);
      }
    }
    if (const Value* names = schema.find("propertyNames")) add_schema(names, shape_.names);
    const Result<int64_t> least = read_count(schema, "minProperties", 0, logic_);
    const Result<int64_t> most = read_count(schema, "maxProperties", Expression::unlimited, logic_);
    if (!least) return fail(least.error());
    if (!most) return fail(most.error());
    shape_.least = std::max(shape_.least, *least);
    if (*most != Expression::unlimited) {
      shape_.most = shape_.most == Expression::unlimited ? *most : std::min(shape_.most, *most);
    }
    return {};
  }

  // Adds what one schema says about a member.
  Result<void> add_value(const Value& schema, ObjectMember& member) {
    bool is_known = false;
    const Value* properties = schema.find("properties");
    if (const Value* own = properties == nullptr ? nullptr : properties->find(member.name)) {
      is_known = true;
      add_schema(own, member.value);
    }
    if (const Value::Object* by_pattern = members_of(schema, "patternProperties")) {
      for (const auto& [pattern, value] : *by_pattern) {
        const Result<bool> matches = patterns_.matches(pattern, member.name);
        if (!matches) return logic_.reject(schema, "patternProperties", matches.error().message);
        if (!*matches) continue;
        is_known = true;
        add_schema(&value, member.value);
      }
    }
    const Value* additional = schema.find("additionalProperties");
    if (!is_known && additional != nullptr) add_schema(additional, member.value);
    return {};
  }

  // Adds one kind of extra members for each set of patterns that a name may match.
  Result<void> add_extras() {
    constexpr size_t maximum_patterns = 5;
    if (all_patterns_.size() > maximum_patterns) {
      return logic_.reject(schemas_, "patternProperties",
                           fmt::format("more than {} patterns are not supported", maximum_patterns));
    }
    for (uint32_t chosen = 0; chosen < 1u << all_patterns_.size(); ++chosen) {
      ExtraMembers extra;
      for (size_t i = 0; i < all_patterns_.size(); ++i) {
        ((chosen >> i & 1) != 0 ? extra.matching : extra.other).push_back(all_patterns_[i]);
      }
      for (const Value* schema : schemas_) add_extra_value(*schema, extra);
      const bool is_forbidden = std::ranges::any_of(extra.value, [](const Value* schema) {
        return schema->boolean() != nullptr && !*schema->boolean();
      });
      if (!is_forbidden) shape_.extras.push_back(std::move(extra));
    }
    return {};
  }

  static void add_extra_value(const Value& schema, ExtraMembers& extra) {
    bool is_known = false;
    if (const Value::Object* by_pattern = members_of(schema, "patternProperties")) {
      for (const auto& [pattern, value] : *by_pattern) {
        if (std::ranges::find(extra.matching, pattern) == extra.matching.end()) continue;
        is_known = true;
        add_schema(&value, extra.value);
      }
    }
    const Value* additional = schema.find("additionalProperties");
    if (!is_known && additional != nullptr) add_schema(additional, extra.value);
  }

  const Schemas& schemas_;
  const SchemaLogic& logic_;
  PatternMatcher& patterns_;
  ObjectShape shape_;
  std::map<std::string, size_t> numbers_;
  std::vector<std::string> all_patterns_;
};

}  // namespace

Result<ObjectShape> make_object_shape(const Schemas& schemas, const SchemaLogic& logic,
                                      PatternMatcher& patterns) {
  return ObjectReader(schemas, logic, patterns).read();
}

Result<int64_t> read_count(const Value& schema, std::string_view keyword, int64_t otherwise,
                           const SchemaLogic& logic) {
  const Value* value = schema.find(keyword);
  if (value == nullptr) return otherwise;
  constexpr double maximum = 1e15;
  if (value->integer() != nullptr && *value->integer() >= 0) return *value->integer();
  const double* number = value->number();
  if (number != nullptr && *number >= 0 && *number <= maximum && std::floor(*number) == *number) {
    return static_cast<int64_t>(*number);
  }
  return logic.reject(schema, keyword, "must be an integer of at least 0");
}

}  // namespace shoal
