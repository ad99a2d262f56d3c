// What the parts of JSON schemas ask of JSON values: their types, whether they are equal, whether schemas
// list or exclude them.
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
// The types that all of the schemas allow.
Result<uint8_t> types_of(const Schemas& schemas, const SchemaLogic& logic);

bool holds_number(const Value& value);
double number_of(const Value& value);  // which holds one

// 1 and 1.0 are equal, at any depth.
bool are_equal(const Value& a, const Value& b);
bool contains(const Value::Array& list, const Value& value);

// Whole numbers without a fraction.
Value written_shortest(const Value& value);

// Whether enum or const lists what is allowed.
bool have_list(const Schemas& schemas);
// The values that all lists of the schemas, of which there is one, have.
Result<Value::Array> listed_values(const Schemas& schemas, const SchemaLogic& logic);
// What a negation lists; empty where nothing is.
const Value::Array& excluded_values(const Value& schema);
bool is_excluded(const Schemas& schemas, const Value& value);

}  // namespace shoal
