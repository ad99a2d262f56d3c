// Members of a JSON object that may be missing, or of another type: then there is the value that stands for
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json/value.h"

namespace shoal {

// Of anything that is no object, as of an object without the member: "", 0, `otherwise`.
std::string text_member(const Value& object, std::string_view name);
int64_t integer_member(const Value& object, std::string_view name);
double number_member(const Value& object, std::string_view name);  // an integer counts
bool boolean_member(const Value& object, std::string_view name, bool otherwise);

}  // namespace shoal
