// Finds the models in a folder: their files, and whether they can be used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/model_fingerprint.h"
#include "base/os.h"
#include "store/file_facts.h"

namespace shoal {

struct ModelFiles {
  std::filesystem::path path;                    // the folder, or the GGUF file to open
  std::vector<std::filesystem::path> weights{};  // all parts
  int64_t bytes = 0;                             // of all weight files
  std::string variant{};                         // tells it from other models of the same folder: "Q4_K_M"
  std::string problem{};                         // why it cannot be used; empty: it can
};

// `path` is a GGUF file, a folder with config.json and safetensors or with GGUF files, or a folder of the
// hub's cache (with refs/ and snapshots/). Empty when it is none of these. The first model is the one that
// the folder's name alone means: one that can be used, of the quantisation that most people use. Symlinks are
// followed.
enum class Depth : uint8_t {
  quantisations,  // the folder, and folders in it that are named after a quantisation
  all,            // all folders below as well
};
std::vector<ModelFiles> find_model_files(const std::filesystem::path& path, Depth depth,
                                         FileFactsCache& facts);

// What a model's files hold. `files` changes when one of the files does.
struct ModelContent {
  ModelFingerprint fingerprint;
  std::vector<os::FileIdentity> files;
};
ModelContent read_content(const ModelFiles& model, FileFactsCache& facts);

// All files that read_content() looks at.
std::vector<std::filesystem::path> files_of(const ModelFiles& model);

}  // namespace shoal
