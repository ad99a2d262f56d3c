// What distinguishes one model family from another, as data: its tensors' names and shapes, and how a layer
// is built from them. Each file under architectures/ defines one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "model/config.h"

namespace shoal {

class Layer;
class WeightLoader;

// A tensor dimension that follows from the configuration.
enum class Extent : uint8_t { hidden, feed_forward, query, key_value, vocabulary };
int64_t extent_size(Extent extent, const ModelConfig& config);

// One tensor under its three names: ours, GGUF's and Hugging Face's. In a layer, the layer's prefix comes
// before it: "layers.N.", "blk.N.", "model.layers.N.". Without columns the tensor is a vector.
struct TensorRule {
  std::string_view name;
  std::string_view gguf;
  std::string_view hugging_face;
  Extent rows;
  std::optional<Extent> columns;
};

struct Architecture {
  std::string_view name;  // the value of general.architecture and of model_type
  RopeLayout gguf_rope;   // which of the two layouts GGUF files have the rows of q and k in
  RopeLayout hugging_face_rope;
  // The defaults of transformers for what config.json does not say.
  double hugging_face_norm_epsilon;
  int64_t hugging_face_context_length;
  std::span<const TensorRule> layer_tensors;

  // Makes a layer and orders its weights from the loader; they are filled when the loader has run.
  Result<std::unique_ptr<Layer>> (*make_layer)(WeightLoader& loader, int64_t layer);
};

// The tensors outside of the layers, which all architectures share. Models with tied embeddings have no
// output.weight.
std::span<const TensorRule> head_tensors();

// nullptr when the architecture is not known.
const Architecture* find_architecture(std::string_view name);
// All names, separated by commas, for messages.
std::string architecture_names();

std::string layer_tensor_name(int64_t layer, std::string_view name);

}  // namespace shoal
