// Negates JSON schemas.
#pragma once

#include "base/error.h"
#include "json/value.h"

namespace shoal {

Value not_schema(Value schema);

// One schema for each way to break this one, an object: a value that satisfies one of them does not satisfy
// `schema`. invalid_argument names a keyword that is wrong or whose opposite cannot be written.
Result<Value::Array> negations(const Value& schema);

}  // namespace shoal
