// A model's files, opened: its configuration, and where each weight lies. Reads headers only; load_shard
// (shard.h) reads the weights, and only those of the layers asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/config.h"
#include "tensor/dtype.h"

namespace shoal {

// Where one tensor lies. `name` is ours, whatever the file format: see architectures/<name>.cpp.
struct StoredTensor {
  std::string name;
  DType type;
  std::vector<int64_t> shape;  // outermost first
  std::filesystem::path file;
  int64_t offset;
  int64_t bytes;
};

class Checkpoint {
 public:
  // `path` is a GGUF file (the first one of a split model), a folder with config.json and safetensors, or a
  // folder with one GGUF model. On success, all tensors that the architecture needs are there in the shapes
  // that the configuration says. not_found, corrupt_data for files that contradict themselves,
  // invalid_argument for what is not supported.
  static Result<Checkpoint> open(const std::filesystem::path& path);

  const ModelConfig& config() const { return config_; }
  // nullptr when there is no such tensor.
  const StoredTensor* find(std::string_view name) const;

  // Sizes as the files have them; plans are made from these.
  int64_t layer_bytes(int64_t layer) const;  // all weights of the layer
  int64_t head_bytes() const;                // embedding, final norm and output matrix; tied ones count once
  int64_t total_bytes() const;
  // What a decode step reads: all weights but the embedding, which is read only where it is tied.
  int64_t bytes_per_token() const;

 private:
  ModelConfig config_;
  std::map<std::string, StoredTensor, std::less<>> tensors_;
};

}  // namespace shoal
