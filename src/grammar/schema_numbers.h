// What several schemas together say about a number.
#pragma once

#include "grammar/json_numbers.h"
#include "grammar/value_constraints.h"

namespace shoal {

// `types` are TypeBits; bits of other types than numbers are ignored.
Result<NumberLimits> number_limits(const Schemas& schemas, uint8_t types, const SchemaLogic& logic);

}  // namespace shoal
