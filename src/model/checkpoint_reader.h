// Reads the two kinds of model files for Checkpoint; the tensors keep their files' names.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/architecture.h"
#include "model/checkpoint.h"

namespace shoal {

struct CheckpointFiles {
  ModelConfig config;
  std::vector<StoredTensor> tensors;  // named as in the files
  std::string_view layer_prefix;      // "blk." or "model.layers."; the layer's number and a dot follow
  std::string_view TensorRule::* rule_name;
};

// `path` is the GGUF file, the first one of a split model.
Result<CheckpointFiles> read_gguf_checkpoint(const std::filesystem::path& path);

Result<CheckpointFiles> read_hugging_face_checkpoint(const std::filesystem::path& folder);

}  // namespace shoal
