// What distinguishes one model family from another: its layer, and what its files leave unsaid. Each file
// under architectures/ defines one or several.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/config.h"
#include "model/layer.h"

namespace shoal {

struct Architecture {
  std::string_view name;  // the value of general.architecture and of model_type
  RopeLayout gguf_rope;   // which of the two layouts GGUF files have the rows of q and k in
  RopeLayout hugging_face_rope;
  // The defaults of transformers for what config.json does not say.
  double hugging_face_norm_epsilon;
  int64_t hugging_face_context_length;

  // A layer that has no weights yet, but knows which it needs.
  std::unique_ptr<Layer> (*make_layer)(const ModelConfig& config, const LayerSpec& layer);
};

// nullptr when the architecture is not known.
const Architecture* find_architecture(std::string_view name);
// All names, separated by commas, for messages.
std::string architecture_names();

// By the configuration's architecture.
std::unique_ptr<Layer> make_layer(const ModelConfig& config, int64_t number);

}  // namespace shoal
