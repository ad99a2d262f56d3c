// Qwen2 and Qwen2.5 (Yang et al. 2024): Llama's layer with biases on q, k and v.
#include "model/architecture.h"
#include "model/config_draft.h"
#include "model/gated_feed_forward.h"
#include "model/grouped_attention.h"
#include "model/pre_norm_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault qwen2_defaults[] = {{"rms_norm_eps", 1e-6},
                                             {"max_position_embeddings", 32768},
                                             {"use_sliding_window", 0},
                                             {"max_window_layers", 28}};

void describe_qwen2(Settings& settings, ConfigDraft& draft) {
  const int64_t first_window_layer = settings.integer_or({"", "max_window_layers"}, 0);
  read_windows(settings, draft, [&](int64_t layer) { return layer >= first_window_layer; });
  for (LayerSpec& layer : draft.config.layers) layer.attention.has_qkv_bias = true;
}

}  // namespace

extern const Architecture qwen2;
constinit const Architecture qwen2 = {.gguf = {"qwen2"},
                                      .hugging_face = {"qwen2"},
                                      .hugging_face_defaults = qwen2_defaults,
                                      .describe = describe_qwen2,
                                      .make_layer = make_pre_norm_layer<GroupedAttention, GatedFeedForward>};

}  // namespace shoal::architectures
