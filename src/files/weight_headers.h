// Opens weight files and reads their headers: the thin, impure side of the pure readers.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "files/gguf.h"
#include "files/safetensors.h"

namespace shoal {

// Only the header is read from disk.
Result<GgufFile> open_gguf(const std::filesystem::path& path);

Result<SafetensorsFile> open_safetensors(const std::filesystem::path& path);

}  // namespace shoal
