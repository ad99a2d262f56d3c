// What schemas together say about a number.
#pragma once

#include "text/grammar/json_numbers.h"
#include "text/grammar/schema_values.h"

namespace shoal {

// `types`: bits, of which those of other values are ignored.
Result<NumberLimits> number_limits(const Schemas& schemas, uint8_t types, const SchemaLogic& logic);

}  // namespace shoal
