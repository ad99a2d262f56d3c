// Nodes of different versions do not join, so the version is said at every handshake.
#pragma once

#include <string_view>

namespace shoal {

// "0.1.0", as CMakeLists.txt has it.
std::string_view shoal_version();

}  // namespace shoal
