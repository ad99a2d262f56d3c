// A model's files, opened: its configuration, and where each weight lies. Reads headers only; weights are
// read by load_shard (shard.h), and only those of the layers asked for.
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

// Where one tensor lies. `name` is canonical, whatever the file format: see architectures/<name>.cpp.
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
  // A GGUF file (of split files the first), or a folder with config.json and safetensors, or with one GGUF
  // file. All tensors that the architecture needs are there and have the shapes that the configuration says.
  static Result<Checkpoint> open(const std::filesystem::path& path);

  const ModelConfig& config() const { return config_; }
  const StoredTensor* find(std::string_view name) const;

  // As the files have it: what a plan is made from.
  int64_t layer_bytes(int64_t layer) const;  // of all weights of a layer
  int64_t head_bytes() const;                // embedding, final norm, output matrix; tied ones once
  int64_t total_bytes() const;
  // What a decode step reads of the file: all layers and the output matrix, not the embedding unless tied.
  int64_t bytes_per_token() const;

 private:
  ModelConfig config_;
  std::map<std::string, StoredTensor, std::less<>> tensors_;
};

}  // namespace shoal
