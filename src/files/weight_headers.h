// Opens files of weights and reads their headers: the thin side of the pure readers.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "files/gguf.h"
#include "files/safetensors.h"

namespace shoal {

// Only the header's pages are ever touched.
Result<GgufFile> open_gguf(const std::filesystem::path& path);

Result<SafetensorsFile> open_safetensors(const std::filesystem::path& path);

}  // namespace shoal
