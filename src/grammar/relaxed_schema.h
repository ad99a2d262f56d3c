// Schemas that ask for less, for when something in a schema cannot be held.
#pragma once

#include "grammar/schema_logic.h"

namespace shoal {

// The root without the part, or an equal schema when the part is not in it. Whatever satisfies the root
// satisfies the result: a part inside a condition or negation takes all of that with it, and a oneOf becomes
// an anyOf.
Value without_part(const Value& root, const SchemaPart& part);

// Only an object's members with their types, and which are required; for a schema that is too large as a
// whole.
Value outline_of(const Value& schema);

}  // namespace shoal
