// Looks at folders as they are at that moment; what cannot be read counts as empty or missing.
#pragma once

#include <filesystem>
#include <vector>

namespace shoal {

// What lies in the folder, sorted by path.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

// Whether it is a folder, or a link to one.
bool is_folder(const std::filesystem::path& path);

}  // namespace shoal
