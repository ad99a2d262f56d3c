// Reads small JSON files for commands.
#pragma once

#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "json/value.h"

namespace shoal {

// Errors name the file.
Result<Value> read_json_file(const std::filesystem::path& path);

// The file holds [1, 2, 3]; invalid_argument names an element that is no token id.
Result<std::vector<TokenId>> read_token_file(const std::filesystem::path& path);

}  // namespace shoal
