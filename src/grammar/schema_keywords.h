// The keywords of JSON schemas by what can be done with them, and those that this module adds.
#pragma once

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "json/value.h"

namespace shoal {

// Keywords of our own, which negations need; no schema from outside has an effect with them that it could not
// have without.
inline constexpr std::string_view not_enum = "shoal:notEnum";
inline constexpr std::string_view not_pattern = "shoal:notPattern";
inline constexpr std::string_view fraction_type = "shoal:fraction";  // a type: a number that is no integer

// Before draft 6, exclusiveMinimum and exclusiveMaximum were booleans beside `limit`, minimum or maximum.
bool is_made_exclusive(const Value& schema, std::string_view limit);

// About values alone, without any schema inside that says something about the same value.
inline constexpr std::array<std::string_view, 28> plain_keywords{"type",
                                                                 "enum",
                                                                 "const",
                                                                 "minimum",
                                                                 "maximum",
                                                                 "multipleOf",
                                                                 "pattern",
                                                                 "minLength",
                                                                 "maxLength",
                                                                 "format",
                                                                 "items",
                                                                 "prefixItems",
                                                                 "minItems",
                                                                 "maxItems",
                                                                 "contains",
                                                                 "minContains",
                                                                 "properties",
                                                                 "required",
                                                                 "patternProperties",
                                                                 "additionalProperties",
                                                                 "propertyNames",
                                                                 "minProperties",
                                                                 "maxProperties",
                                                                 "exclusiveMinimum",
                                                                 "exclusiveMaximum",
                                                                 "additionalItems",
                                                                 not_enum,
                                                                 not_pattern};

inline constexpr std::array<std::string_view, 8> unsupported_keywords{
    "uniqueItems", "maxContains",   "unevaluatedItems", "unevaluatedProperties",
    "$dynamicRef", "$recursiveRef", "disallow",         "extends"};

template <size_t Count>
bool is_one_of(std::string_view name, const std::array<std::string_view, Count>& names) {
  return std::ranges::find(names, name) != names.end();
}

// The types that a schema itself allows, numbers as "integer" and `fraction`.
std::set<std::string> own_types(const Value& schema);

}  // namespace shoal
