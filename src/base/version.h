// The program's version. Nodes of different versions do not join, so each handshake carries it.
#pragma once

#include <string_view>

namespace shoal {

// As in CMakeLists.txt, such as "0.1.0".
std::string_view shoal_version();

}  // namespace shoal
