// The two kinds of model files behind Checkpoint: their tensors under their own names.
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

// `path` is the file, of split files the first.
Result<CheckpointFiles> read_gguf_checkpoint(const std::filesystem::path& path);

Result<CheckpointFiles> read_hugging_face_checkpoint(const std::filesystem::path& folder);

}  // namespace shoal
