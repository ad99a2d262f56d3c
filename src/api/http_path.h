// The target of a request line → the path that routes are compared with.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoal {

// Percent-decoded, without scheme, authority and query. nullopt: malformed, or bytes that no path of ours has
// (control characters, invalid UTF-8).
std::optional<std::string> decode_path(std::string_view target);

}  // namespace shoal
