// What a folder holds: is it a model, and how large.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace shoal {

struct ModelFiles {
  std::filesystem::path path;  // the folder, or the GGUF file to open
  int64_t bytes;               // of the weight files
};

// `path` is a GGUF file, or a folder with config.json and safetensors, or with GGUF files of one model, or a
// folder of the hub's cache (refs/ and snapshots/). nullopt: it is none of these. Symlinks are followed.
std::optional<ModelFiles> find_model_files(const std::filesystem::path& path);

}  // namespace shoal
