// JSON Schema (draft 2020-12, the part that docs/decisions/structured-output.md lists) → a grammar of the
// JSON texts that satisfy it, members in the order of the schema.
#pragma once

#include "grammar/argument_notation.h"
#include "grammar/grammar.h"
#include "json/value.h"

namespace shoal {

// invalid_argument that names the keyword that is wrong or not supported, or that says that no value
// satisfies it.
Result<Grammar> compile_json_schema(const Value& schema);

// Whether a schema of which something cannot be held is refused, or held as far as it can be.
enum class Holding : uint8_t { whole, what_can_be };

// The arguments of a call, as `notation` has them; nullptr: one JSON object. Members that the schema does not
// name are not written where it says nothing of such. What_can_be: keywords that cannot be held, or are
// wrong, are left out one by one, so that the error is of a schema that says nothing at all.
Result<Grammar> compile_arguments(const Value& schema, const ArgumentNotation* notation, Holding holding);

}  // namespace shoal
