// JSON Schema (draft 2020-12, the part that docs/decisions/structured-output.md lists) → a grammar of the
// JSON texts that satisfy it, members in the order of the schema.
#pragma once

#include "text/grammar/grammar.h"
#include "text/value.h"

namespace shoal {

// invalid_argument that names the keyword that is wrong or not supported, or that says that no value
// satisfies it.
Result<Grammar> compile_json_schema(const Value& schema);

}  // namespace shoal
