// Reads the two kinds of model files for Checkpoint.
#pragma once

#include <filesystem>
#include <vector>

#include "base/error.h"
#include "model/config.h"
#include "model/dialect.h"
#include "model/stored_weight.h"

namespace shoal {

struct CheckpointFiles {
  ModelConfig config;
  std::vector<StoredTensor> tensors;  // named as in the files, of text among other inputs as if it were alone
  Dialect dialect;
};

// `path` is the GGUF file, the first one of a split model.
Result<CheckpointFiles> read_gguf_checkpoint(const std::filesystem::path& path);

Result<CheckpointFiles> read_hugging_face_checkpoint(const std::filesystem::path& folder);

}  // namespace shoal
