#include "grammar/schema_numbers.h"

#include <string_view>

namespace shoal {

Result<NumberLimits> number_limits(const Schemas& schemas, uint8_t types, const SchemaLogic& logic) {
  NumberLimits limits;
  if ((types & fraction_bit) == 0) limits.kind = NumberKind::integer;
  if ((types & integer_bit) == 0) limits.kind = NumberKind::fraction;
  for (const Value* schema : schemas) {
    for (const char* keyword : {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"}) {
      const Value* limit = schema->find(keyword);
      if (limit == nullptr) continue;
      const std::string_view name = keyword;
      const bool is_exclusive = name.starts_with("exclusive");
      if (is_exclusive && limit->boolean() != nullptr) continue;
      if (!holds_number(*limit)) return logic.reject(*schema, keyword, "must be a number");
      if (name == "multipleOf") {
        if (number_of(*limit) <= 0) return logic.reject(*schema, keyword, "must be above 0");
        if (Result<void> checked = check_multiple(*limit); !checked)
          return logic.reject(*schema, keyword, checked.error().message);
        limits.multiples.push_back(*limit);
      } else {
        if (Result<void> checked = check_limit(*limit); !checked)
          return logic.reject(*schema, keyword, checked.error().message);
        auto& side = name.ends_with("inimum") ? limits.least : limits.most;
        side.push_back({.value = *limit, .is_exclusive = is_exclusive || is_made_exclusive(*schema, name)});
      }
    }
  }
  return limits;
}

}  // namespace shoal
