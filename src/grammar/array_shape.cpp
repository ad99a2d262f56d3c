#include "grammar/array_shape.h"

#include <algorithm>
#include <utility>

#include "grammar/object_shape.h"

namespace shoal {
namespace {

struct Items {
  const Value::Array* first = nullptr;  // by place
  const Value* rest = nullptr;
};

// Before draft 2020-12, prefixItems and items were called items and additionalItems.
Result<Items> read_items(const Value& schema, const SchemaLogic& logic) {
  const Value* first = schema.find("prefixItems");
  const Value* rest = schema.find("items");
  if (first == nullptr && rest != nullptr && rest->array() != nullptr) {
    first = std::exchange(rest, schema.find("additionalItems"));
  }
  if (first != nullptr && first->array() == nullptr)
    return logic.reject(schema, "prefixItems", "must be an array");
  if (rest != nullptr && rest->array() != nullptr)
    return logic.reject(schema, "items", "must be a schema beside prefixItems");
  return Items{.first = first == nullptr ? nullptr : first->array(), .rest = rest};
}

Result<void> read_counts(const Value& schema, const SchemaLogic& logic, ArrayShape& shape) {
  const Result<int64_t> least = read_count(schema, "minItems", 0, logic);
  const Result<int64_t> most = read_count(schema, "maxItems", Expression::unlimited, logic);
  const Result<int64_t> contained = read_count(schema, "minContains", 1, logic);
  for (const Result<int64_t>* count : {&least, &most, &contained}) {
    if (!*count) return fail(count->error());
  }
  constexpr int64_t maximum_items = 2000;
  if (*least > maximum_items) return logic.reject(schema, "minItems", "over 2000 is not supported");
  shape.least = std::max(shape.least, *least);
  // No answer has room for more items, so counting up to such a limit would be wasted.
  if (*most > maximum_items && *most < int64_t{1} << 20) {
    return logic.reject(schema, "maxItems", "over 2000 is not supported");
  }
  if (*most != Expression::unlimited && *most <= maximum_items) {
    shape.most = shape.most == Expression::unlimited ? *most : std::min(shape.most, *most);
  }
  const Value* contains = schema.find("contains");
  if (contains == nullptr || *contained == 0) return {};
  constexpr int64_t maximum_contained = 20;
  if (shape.contained != nullptr)
    return logic.reject(schema, "contains", "is supported only once for an array");
  if (*contained > maximum_contained) return logic.reject(schema, "minContains", "over 20 is not supported");
  shape.contained = contains;
  shape.least_contained = *contained;
  return {};
}

}  // namespace

Result<ArrayShape> make_array_shape(const Schemas& schemas, const SchemaLogic& logic) {
  ArrayShape shape;
  std::vector<Items> all;
  for (const Value* schema : schemas) {
    Result<Items> items = read_items(*schema, logic);
    if (!items) return fail(items.error());
    if (items->first != nullptr) shape.first.resize(std::max(shape.first.size(), items->first->size()));
    all.push_back(*items);
  }
  for (size_t at = 0; at < schemas.size(); ++at) {
    const Items& items = all[at];
    for (size_t i = 0; i < shape.first.size(); ++i) {
      const bool is_named = items.first != nullptr && i < items.first->size();
      if (is_named) add_schema(&(*items.first)[i], shape.first[i]);
      if (!is_named && items.rest != nullptr) add_schema(items.rest, shape.first[i]);
    }
    if (items.rest != nullptr) add_schema(items.rest, shape.rest);
    if (Result<void> read = read_counts(*schemas[at], logic, shape); !read) return fail(read.error());
  }
  return shape;
}

}  // namespace shoal
