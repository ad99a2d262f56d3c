// Qwen3 (Yang et al. 2025): the heads of q and k are normalised, each by itself.
#include "model/architecture.h"
#include "model/config_draft.h"
#include "model/gated_feed_forward.h"
#include "model/grouped_attention.h"
#include "model/pre_norm_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault qwen3_defaults[] = {{"rms_norm_eps", 1e-6},
                                             {"max_position_embeddings", 32768},
                                             {"head_dim", 128},
                                             {"use_sliding_window", 0},
                                             {"max_window_layers", 28}};

void describe_qwen3(Settings& settings, ConfigDraft& draft) {
  const int64_t first_window_layer = settings.integer_or({"", "max_window_layers"}, 0);
  read_windows(settings, draft, [&](int64_t layer) { return layer >= first_window_layer; });
  const bool has_bias = settings.boolean_or({"", "attention_bias"}, false);
  for (LayerSpec& layer : draft.config.layers) {
    layer.attention.norm = QueryKeyNorm::per_head;
    layer.attention.has_qkv_bias = has_bias;
    layer.attention.has_output_bias = has_bias;
  }
}

}  // namespace

extern const Architecture qwen3;
constinit const Architecture qwen3 = {.gguf = {"qwen3"},
                                      .hugging_face = {"qwen3"},
                                      .hugging_face_defaults = qwen3_defaults,
                                      .describe = describe_qwen3,
                                      .make_layer = make_pre_norm_layer<GroupedAttention, GatedFeedForward>};

}  // namespace shoal::architectures
