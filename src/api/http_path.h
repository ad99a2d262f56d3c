// Turns the target of a request line into the path that routes are compared with.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoal {

// The path is percent-decoded, without scheme, authority and query. nullopt when the target is malformed or
// has bytes that no path of ours has (control characters, invalid UTF-8).
std::optional<std::string> decode_path(std::string_view target);

}  // namespace shoal
