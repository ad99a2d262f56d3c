#include "text/value.h"

#include <algorithm>

namespace shoal {

const Value* Value::find(std::string_view name) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  const auto member = std::ranges::find(*members, name, &Member::first);
  return member == members->end() ? nullptr : &member->second;
}

void Value::set(std::string_view name, Value value) {
  if (is_null()) data_ = Object{};
  Object* members = object();
  if (members == nullptr) return;
  const auto member = std::ranges::find(*members, name, &Member::first);
  if (member != members->end()) {
    member->second = std::move(value);
  } else {
    members->emplace_back(std::string(name), std::move(value));
  }
}

}  // namespace shoal
