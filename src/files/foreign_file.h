// Files that often lie where weights are expected and hold something else.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace shoal {

// What a file is that begins with these bytes, and what to do, as the end of a sentence; nullopt: nothing
// that is known. `start` may be cut off after a few kilobytes.
std::optional<std::string> recognise_foreign_file(std::span<const std::byte> start);

}  // namespace shoal
