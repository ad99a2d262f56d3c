// Makes bytes from files and peers safe to show.
#pragma once

#include <string>
#include <string_view>

namespace shoal {

// Line ends and tabs stay. Other control characters, which a terminal would obey, and bytes that are not
// UTF-8, at which programs that read our output stop, become \xNN.
std::string printable(std::string_view text);

}  // namespace shoal
