// Bytes from files and peers as they may be shown.
#pragma once

#include <string>
#include <string_view>

namespace shoal {

// Line ends and tabs stay; other control characters, which a terminal takes for orders, and bytes that are no
// UTF-8, at which a program that reads our output stops, become \xNN.
std::string printable(std::string_view text);

}  // namespace shoal
