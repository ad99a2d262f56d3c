// JSON Schema (draft 2020-12, the part that docs/decisions/structured-output.md lists) → a grammar of the
// JSON texts that satisfy it, members in the order of the schema.
#pragma once

#include "text/grammar/argument_notation.h"
#include "text/grammar/grammar.h"
#include "text/value.h"

namespace shoal {

// invalid_argument that names the keyword that is wrong or not supported, or that says that no value
// satisfies it.
Result<Grammar> compile_json_schema(const Value& schema);

// The arguments of a call, as `notation` has them; nullptr: one JSON object. Members that the schema does not
// name are not written where it says nothing of such.
Result<Grammar> compile_arguments(const Value& schema, const ArgumentNotation* notation);

}  // namespace shoal
