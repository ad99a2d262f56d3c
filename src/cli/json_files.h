// Small JSON files that commands read.
#pragma once

#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "json/value.h"

namespace shoal {

// Errors name the file.
Result<Value> read_json_file(const std::filesystem::path& path);

// [1, 2, 3]; invalid_argument names the element that is no token id.
Result<std::vector<TokenId>> read_token_file(const std::filesystem::path& path);

}  // namespace shoal
