// Lists the keywords of JSON schemas by how they are treated, and those that this module adds.
#pragma once

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "json/value.h"

namespace shoal {

// Keywords of our own, which negations need. A foreign schema gains nothing by using them.
inline constexpr std::string_view not_enum = "shoal:notEnum";
inline constexpr std::string_view not_pattern = "shoal:notPattern";
inline constexpr std::string_view fraction_type = "shoal:fraction";  // a type: numbers that are not integers

// Whether the schema has, as before draft 6, a boolean exclusiveMinimum or exclusiveMaximum beside `limit`,
// which is minimum or maximum.
bool is_made_exclusive(const Value& schema, std::string_view limit);

// Keywords about a value that contain no other schema about the same value.
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

// The types that the schema alone allows; numbers count as "integer" and fraction_type.
std::set<std::string> own_types(const Value& schema);

}  // namespace shoal
