// What distinguishes one model family from another: its layer, and what it does with its files' settings.
// Each file under architectures/ defines one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "model/config.h"
#include "model/layer.h"
#include "model/settings.h"

namespace shoal {

struct ConfigDraft;

struct Architecture {
  std::array<std::string_view, 3> gguf = {};          // values of general.architecture
  std::array<std::string_view, 3> hugging_face = {};  // values of model_type
  RopeLayout gguf_rope = RopeLayout::half;  // which of the two layouts the rows of q and k have in the files
  RopeLayout hugging_face_rope = RopeLayout::half;
  std::span<const SettingDefault> hugging_face_defaults = {};

  // Reads what is particular to the family; null: nothing is. What no reader asks for is refused.
  void (*describe)(Settings& settings, ConfigDraft& draft) = nullptr;
  // A layer that has no weights yet, but knows which it needs.
  std::unique_ptr<Layer> (*make_layer)(const ModelConfig& config, const LayerSpec& layer) = nullptr;
};

// By one of its names; nullptr when the architecture is not known.
const Architecture* find_architecture(std::string_view name);
// All names, separated by commas, for messages.
std::string architecture_names();

// By the configuration's architecture.
std::unique_ptr<Layer> make_layer(const ModelConfig& config, int64_t number);

}  // namespace shoal
