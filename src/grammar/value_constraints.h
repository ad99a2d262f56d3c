// What parts of JSON schemas demand of JSON values: their types, equality, and the values that schemas list
// or exclude.
#pragma once

#include <cstdint>

#include "grammar/schema_logic.h"
#include "json/value.h"

namespace shoal {

enum TypeBit : uint8_t {
  null_bit = 1,
  boolean_bit = 2,
  integer_bit = 4,
  fraction_bit = 8,
  string_bit = 16,
  array_bit = 32,
  object_bit = 64,
  all_bits = 127,
};

uint8_t type_of(const Value& value);
// The TypeBits that all of the schemas allow.
Result<uint8_t> types_of(const Schemas& schemas, const SchemaLogic& logic);

bool holds_number(const Value& value);
double number_of(const Value& value);  // CHECK it with holds_number() first

// 1 and 1.0 are equal, at any depth.
bool are_equal(const Value& a, const Value& b);
bool contains(const Value::Array& list, const Value& value);

// Writes whole numbers without a fraction.
Value written_shortest(const Value& value);

// Whether one of the schemas lists its values with enum or const.
bool have_list(const Schemas& schemas);
// The values that are in all lists of the schemas; have_list() must be true.
Result<Value::Array> listed_values(const Schemas& schemas, const SchemaLogic& logic);
// The values that a negation's not_enum lists; empty when there is none.
const Value::Array& excluded_values(const Value& schema);
bool is_excluded(const Schemas& schemas, const Value& value);

}  // namespace shoal
