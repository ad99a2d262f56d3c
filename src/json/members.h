// Reads members of a JSON object that may be missing or of another type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json/value.h"

namespace shoal {

// "", 0 or `otherwise` when `object` is no object, has no such member, or the member is of another type.
std::string text_member(const Value& object, std::string_view name);
int64_t integer_member(const Value& object, std::string_view name);
double number_member(const Value& object, std::string_view name);  // an integer counts
bool boolean_member(const Value& object, std::string_view name, bool otherwise);

}  // namespace shoal
