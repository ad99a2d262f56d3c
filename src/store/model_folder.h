// What a folder holds: which models, of which files, and whether they can be used.
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
  int64_t bytes = 0;                             // of the weights
  std::string variant{};                         // what tells it from others of the same folder: "Q4_K_M"
  std::string problem{};                         // why it cannot be used; empty: it can
};

// `path` is a GGUF file, or a folder with config.json and safetensors, or with GGUF files, or a folder of the
// hub's cache (refs/ and snapshots/). Empty: it is none of these. Where there are several, the one that is
// meant by the folder's name alone comes first: one that can be used, of the kind that most people use.
// Symlinks are followed.
enum class Depth : uint8_t {
  quantisations,  // the folder and those below it that are named after a quantisation
  all,            // and any other below
};
std::vector<ModelFiles> find_model_files(const std::filesystem::path& path, Depth depth,
                                         FileFactsCache& facts);

// What the files of a model hold. `files` changes when one of them does.
struct ModelContent {
  ModelFingerprint fingerprint;
  std::vector<os::FileIdentity> files;
};
ModelContent read_content(const ModelFiles& model, FileFactsCache& facts);

// All files that read_content() looks at.
std::vector<std::filesystem::path> files_of(const ModelFiles& model);

}  // namespace shoal
