// What distinguishes one model family from another, as data: its tensors' names and shapes, and how a layer
// is built from them. One entry per file under architectures/.
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

// A size that follows from the configuration.
enum class Extent : uint8_t { hidden, feed_forward, query, key_value, vocabulary };
int64_t extent_size(Extent extent, const ModelConfig& config);

// One tensor under its three names. Those of a layer's tensors are what follows the layer's prefix:
// "layers.N.", "blk.N.", "model.layers.N.". Without columns it is a vector.
struct TensorRule {
  std::string_view name;
  std::string_view gguf;
  std::string_view hugging_face;
  Extent rows;
  std::optional<Extent> columns;
};

struct Architecture {
  std::string_view name;  // as general.architecture and model_type have it
  RopeLayout gguf_rope;   // which of the two layouts the rows of q and k are in
  RopeLayout hugging_face_rope;
  // What transformers takes where config.json says nothing.
  double hugging_face_norm_epsilon;
  int64_t hugging_face_context_length;
  std::span<const TensorRule> layer_tensors;

  // Orders the weights of a layer from the loader; they are there once the loader has run.
  Result<std::unique_ptr<Layer>> (*make_layer)(WeightLoader& loader, int64_t layer);
};

// The tensors outside of the layers, which all architectures share. output.weight is missing where embeddings
// are tied.
std::span<const TensorRule> head_tensors();

// nullptr when it is not known.
const Architecture* find_architecture(std::string_view name);
// Separated by commas, for messages.
std::string architecture_names();

std::string layer_tensor_name(int64_t layer, std::string_view name);

}  // namespace shoal
