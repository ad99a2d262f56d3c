// What schemas together say about a number.
#pragma once

#include "grammar/json_numbers.h"
#include "grammar/value_constraints.h"

namespace shoal {

// `types`: bits, of which those of other values are ignored.
Result<NumberLimits> number_limits(const Schemas& schemas, uint8_t types, const SchemaLogic& logic);

}  // namespace shoal
