// What several schemas together say about an object's members, in the order in which they are written.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "grammar/schema_logic.h"

namespace shoal {

struct ObjectMember {
  std::string name;
  Conjunction value;
  bool is_required = false;
};

// Members that no schema names, whose names match all patterns in `matching` and none in `other`.
struct ExtraMembers {
  std::vector<std::string> matching;
  std::vector<std::string> other;
  Conjunction value;
};

struct ObjectShape {
  std::vector<ObjectMember> members;
  std::vector<ExtraMembers> extras;  // no two of them overlap
  Conjunction names;                 // what every name must satisfy as a string
  int64_t least = 0;
  int64_t most = Expression::unlimited;
};

// Whether a name matches a pattern.
class PatternMatcher {
 public:
  virtual ~PatternMatcher() = default;
  virtual Result<bool> matches(const std::string& pattern, const std::string& name) = 0;
};

Result<ObjectShape> make_object_shape(const Schemas& schemas, const SchemaLogic& logic,
                                      PatternMatcher& patterns);

// The value of a schema's keyword that must be a count; `otherwise` when it is absent.
Result<int64_t> read_count(const Value& schema, std::string_view keyword, int64_t otherwise,
                           const SchemaLogic& logic);

}  // namespace shoal
