// Compiles a JSON Schema (the part of draft 2020-12 that docs/decisions/structured-output.md lists) into a
// grammar of the JSON texts that satisfy it, with members in the order of the schema.
#pragma once

#include "grammar/argument_notation.h"
#include "grammar/grammar.h"
#include "json/value.h"

namespace shoal {

// invalid_argument that names the keyword that is wrong or not supported, or says that no value satisfies the
// schema.
Result<Grammar> compile_json_schema(const Value& schema);

// Whether a schema that cannot be held as a whole is refused, or held as far as possible.
enum class Holding : uint8_t { whole, what_can_be };

// The arguments of a call in the given notation, or as one JSON object (nullptr). If the schema says nothing
// about members that it does not name, these are not allowed. With what_can_be, keywords that are wrong or
// cannot be held are left out one by one, so only a schema that then says nothing is an error.
Result<Grammar> compile_arguments(const Value& schema, const ArgumentNotation* notation, Holding holding);

}  // namespace shoal
