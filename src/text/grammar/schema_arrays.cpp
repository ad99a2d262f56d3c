#include "text/grammar/schema_arrays.h"

#include <algorithm>

#include "text/grammar/schema_objects.h"

namespace shoal {
namespace {

Result<void> read_counts(const Value& schema, const SchemaLogic& logic, ArrayShape& shape) {
  const Result<int64_t> least = read_count(schema, "minItems", 0, logic);
  const Result<int64_t> most = read_count(schema, "maxItems", Expression::kUnlimited, logic);
  const Result<int64_t> contained = read_count(schema, "minContains", 1, logic);
  for (const Result<int64_t>* count : {&least, &most, &contained}) {
    if (!*count) return fail(count->error());
  }
  constexpr int64_t kMaximumItems = 2000;
  if (*least > kMaximumItems) return logic.reject(schema, "minItems", "over 2000 is not supported");
  shape.least = std::max(shape.least, *least);
  // No answer has more items than fit; to count to such a limit would only cost.
  if (*most > kMaximumItems && *most < int64_t{1} << 20) {
    return logic.reject(schema, "maxItems", "over 2000 is not supported");
  }
  if (*most != Expression::kUnlimited && *most <= kMaximumItems) {
    shape.most = shape.most == Expression::kUnlimited ? *most : std::min(shape.most, *most);
  }
  const Value* contains = schema.find("contains");
  if (contains == nullptr || *contained == 0) return {};
  constexpr int64_t kMaximumContained = 20;
  if (shape.contained != nullptr)
    return logic.reject(schema, "contains", "is supported only once for an array");
  if (*contained > kMaximumContained) return logic.reject(schema, "minContains", "over 20 is not supported");
  shape.contained = contains;
  shape.least_contained = *contained;
  return {};
}

}  // namespace

Result<ArrayShape> make_array_shape(const Schemas& schemas, const SchemaLogic& logic) {
  ArrayShape shape;
  size_t places = 0;
  for (const Value* schema : schemas) {
    const Value* first = schema->find("prefixItems");
    if (first != nullptr && first->array() == nullptr)
      return logic.reject(*schema, "prefixItems", "must be an array");
    if (first != nullptr) places = std::max(places, first->array()->size());
  }
  shape.first.resize(places);
  for (const Value* schema : schemas) {
    const Value* first = schema->find("prefixItems");
    const Value* items = schema->find("items");
    if (items != nullptr && items->array() != nullptr) {
      return logic.reject(*schema, "items", "must be a schema; prefixItems takes a list of them");
    }
    for (size_t i = 0; i < places; ++i) {
      const bool is_named = first != nullptr && i < first->array()->size();
      if (is_named) add_schema(&(*first->array())[i], shape.first[i]);
      if (!is_named && items != nullptr) add_schema(items, shape.first[i]);
    }
    if (items != nullptr) add_schema(items, shape.rest);
    if (Result<void> read = read_counts(*schema, logic, shape); !read) return fail(read.error());
  }
  return shape;
}

}  // namespace shoal
