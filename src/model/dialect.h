// How a kind of model files names tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shoal {

// MLX's names are others among those of Hugging Face's safetensors.
enum class Dialect : uint8_t { gguf, hugging_face };

// What comes before the names of a layer's tensors: "blk.3.", "model.layers.3.".
std::string layer_prefix(Dialect dialect, int64_t layer);

// The layer that a tensor of this name belongs to; nullopt for one outside of the layers.
std::optional<int64_t> layer_of_name(Dialect dialect, std::string_view name);

}  // namespace shoal
