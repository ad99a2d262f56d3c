// Resolves the references of a schema: JSON pointers and anchors inside it.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace shoal {

class SchemaReferences {
 public:
  // The root must outlive this.
  explicit SchemaReferences(const Value& root) : root_(root) {}

  // invalid_argument says what is wrong with the reference, but not where it is.
  Result<const Value*> find(const std::string& reference) const;

  // Follows what a schema says about one value (references, allOf, anyOf and the like). If that leads back to
  // itself, returns a schema with a reference on that way, else nullptr.
  const Value* find_cycle(const Value& schema);

 private:
  std::vector<const Value*> parts_of(const Value& schema) const;

  const Value& root_;
  std::set<const Value*> finite_;  // schemas known to have no cycle
};

}  // namespace shoal
