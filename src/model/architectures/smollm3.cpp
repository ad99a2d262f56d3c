// SmolLM3 (Bakouch et al. 2025): Llama's layer; every fourth layer turns nothing by position.
#include <fmt/format.h>

#include "model/architecture.h"
#include "model/config_draft.h"
#include "model/gated_feed_forward.h"
#include "model/grouped_attention.h"
#include "model/pre_norm_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault smollm3_defaults[] = {{"rms_norm_eps", 1e-6},     {"max_position_embeddings", 32768},
                                               {"rope_theta", 2e6},        {"use_sliding_window", 0},
                                               {"tie_word_embeddings", 1}, {"no_rope_layer_interval", 4},
                                               {"num_key_value_heads", 4}};

void describe_smollm3(Settings& settings, ConfigDraft& draft) {
  std::vector<LayerSpec>& layers = draft.config.layers;
  const bool has_bias = settings.boolean_or({"", "attention_bias"}, false);
  const int64_t interval = settings.integer_or({"", "no_rope_layer_interval"}, 4);
  const std::vector<int64_t> turned = settings.integers({"", "no_rope_layers"});  // 1: with rope
  if (interval < 1) settings.note(fmt::format("'no_rope_layer_interval' is {}", interval));
  if (!turned.empty() && turned.size() != layers.size()) {
    settings.note(
        fmt::format("'no_rope_layers' is about {} layers, there are {}", turned.size(), layers.size()));
  }
  if (settings.error()) return;
  for (size_t i = 0; i < layers.size(); ++i) {
    const bool has_rope = turned.empty() ? (static_cast<int64_t>(i) + 1) % interval != 0 : turned[i] != 0;
    layers[i].rope = has_rope ? 0 : no_rope;
    layers[i].attention.has_qkv_bias = has_bias;
    layers[i].attention.has_output_bias = has_bias;
  }
}

}  // namespace

extern const Architecture smollm3;
constinit const Architecture smollm3 = {
    .gguf = {"smollm3"},
    .hugging_face = {"smollm3"},
    .gguf_rope = RopeLayout::interleaved,
    .hugging_face_rope = RopeLayout::half,
    .hugging_face_defaults = smollm3_defaults,
    .describe = describe_smollm3,
    .make_layer = make_pre_norm_layer<GroupedAttention, GatedFeedForward>};

}  // namespace shoal::architectures
