// The case of letters where a text is a keyword, a host or a model's name. tokens/unicode.h has that of
// people's texts.
#pragma once

#include <string>
#include <string_view>

namespace shoal {

// A to Z become a to z, every other byte stays, whatever the locale.
std::string to_lower_ascii(std::string_view text);

}  // namespace shoal
