// What breaks a JSON schema.
#pragma once

#include "base/error.h"
#include "json/value.h"

namespace shoal {

Value not_schema(Value schema);

// One schema for each way to break this one, an object: what satisfies any of them does not satisfy it.
// invalid_argument that names a keyword whose opposite cannot be written, or that is wrong.
Result<Value::Array> negations(const Value& schema);

}  // namespace shoal
