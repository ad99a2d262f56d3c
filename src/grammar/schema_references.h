// Where the references of a schema lead: JSON pointers and anchors inside it.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace shoal {

class SchemaReferences {
 public:
  // The root outlives this.
  explicit SchemaReferences(const Value& root) : root_(root) {}

  // invalid_argument that says what is wrong with the reference, not where it stands.
  Result<const Value*> find(const std::string& reference) const;

  // Whether following what a schema says about one and the same value (references, allOf, anyOf and the like)
  // comes back to where it has been: a schema with a reference on that way, or nullptr.
  const Value* find_cycle(const Value& schema);

 private:
  std::vector<const Value*> parts_of(const Value& schema) const;

  const Value& root_;
  std::set<const Value*> finite_;  // known to have no cycle
};

}  // namespace shoal
