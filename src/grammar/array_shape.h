// What several schemas together say about an array's items.
#pragma once

#include <vector>

#include "grammar/schema_logic.h"

namespace shoal {

struct ArrayShape {
  std::vector<Conjunction> first;  // of the first items, by place
  // The schemas of all items after the first ones.
  Conjunction rest;
  int64_t least = 0;
  int64_t most = Expression::unlimited;
  // The schema that `contains` names, null without one.
  const Value* contained = nullptr;
  int64_t least_contained = 0;
};

Result<ArrayShape> make_array_shape(const Schemas& schemas, const SchemaLogic& logic);

}  // namespace shoal
