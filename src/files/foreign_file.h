// Recognises files that often lie where weights are expected but hold something else.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace shoal {

// What kind of file begins with these bytes and what to do about it, as the end of a sentence whose subject
// is the file; nullopt when it is no known kind. `start` may be cut off after 4 KiB.
std::optional<std::string> recognise_foreign_file(std::span<const std::byte> start);

}  // namespace shoal
