#include "json/members.h"

namespace shoal {

std::string text_member(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  return found != nullptr && found->text() != nullptr ? *found->text() : std::string();
}

int64_t integer_member(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  return found != nullptr && found->integer() != nullptr ? *found->integer() : 0;
}

double number_member(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  if (found == nullptr) return 0;
  if (found->integer() != nullptr) return static_cast<double>(*found->integer());
  return found->number() != nullptr ? *found->number() : 0;
}

bool boolean_member(const Value& object, std::string_view name, bool otherwise) {
  const Value* found = object.find(name);
  return found != nullptr && found->boolean() != nullptr ? *found->boolean() : otherwise;
}

}  // namespace shoal
