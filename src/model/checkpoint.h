// A model's files, opened: its configuration, and where each weight lies. Reads headers only; load_shard
// (shard.h) reads the weights, and only those of the layers asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "base/function_ref.h"
#include "model/config.h"
#include "model/head.h"
#include "model/layer.h"
#include "model/stored_weight.h"

namespace shoal {

class Checkpoint {
 public:
  // `path` is a GGUF file (the first one of a split model), a folder with config.json and safetensors, or a
  // folder with one GGUF model. On success, all tensors that the architecture needs are there in the shapes
  // that the configuration says. not_found, corrupt_data for files that contradict themselves,
  // invalid_argument for what is not supported.
  static Result<Checkpoint> open(const std::filesystem::path& path);

  const ModelConfig& config() const { return config_; }
  // By its name in the files. nullptr when there is no such tensor, or nobody needs it.
  const StoredTensor* find(std::string_view name) const;

  // Visits the weights that are to be read, each with its place in the files; `layer` is one of this model's
  // architecture, as make_layer (architecture.h) makes it.
  using Visitor = FunctionRef<void(const Weight&, const StoredWeight&)>;
  void visit_layer(int64_t number, Layer& layer, Visitor visit) const;
  void visit_head(Head& head, Visitor visit) const;

  // Sizes as the files have them; plans are made from these.
  int64_t layer_bytes(int64_t layer) const;  // all weights of the layer
  int64_t head_bytes() const;                // embedding, final norm and output matrix; tied ones count once
  int64_t total_bytes() const;
  // What a decode step reads: all weights but the embedding, which is read only where it is tied.
  int64_t bytes_per_token() const;

 private:
  void visit_weight(std::string_view prefix, const Weight& weight, Visitor visit) const;

  ModelConfig config_;
  Dialect dialect_{};
  StoredTensors tensors_;
};

}  // namespace shoal
