// Schemas that ask for less: what is left of one of which something cannot be held.
#pragma once

#include "grammar/schema_logic.h"

namespace shoal {

// Without the part, which is of this root; equal to the root where it is not. Whatever satisfied the root
// satisfies this: of what stands inside a condition, a negation or a oneOf, that is taken away, and a oneOf
// becomes an anyOf.
Value without_part(const Value& root, const SchemaPart& part);

// An object's members with their types, and which are required: of a schema that is too much as a whole.
Value outline_of(const Value& schema);

}  // namespace shoal
