// Lower case for keywords, host names and model names. People's texts use tokens/unicode.h.
#pragma once

#include <string>
#include <string_view>

namespace shoal {

// A to Z become a to z and every other byte stays, whatever the locale is.
std::string to_lower_ascii(std::string_view text);

}  // namespace shoal
