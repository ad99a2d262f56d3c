// Qwen3's mixture of experts (Yang et al. 2025): no shared expert, the heads of q and k are normalised.
#include "model/architecture.h"
#include "model/config_experts.h"
#include "model/grouped_attention.h"
#include "model/mixed_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault qwen3_moe_defaults[] = {{"rms_norm_eps", 1e-6},
                                                 {"max_position_embeddings", 32768},
                                                 {"use_sliding_window", 0},
                                                 {"max_window_layers", 28}};

void describe_qwen3_moe(Settings& settings, ConfigDraft& draft) {
  const int64_t first_window_layer = settings.integer_or({"", "max_window_layers"}, 0);
  read_windows(settings, draft, [&](int64_t layer) { return layer >= first_window_layer; });
  const bool has_bias = settings.boolean_or({"", "attention_bias"}, false);
  for (LayerSpec& layer : draft.config.layers) {
    layer.attention.norm = QueryKeyNorm::per_head;
    layer.attention.has_qkv_bias = has_bias;
    layer.attention.has_output_bias = has_bias;
  }
  ExpertsSpec experts = read_experts(settings);
  if (settings.dialect() == Dialect::gguf) experts.renormalises = true;  // such files do not say it
  place_experts(settings, draft, experts);
}

}  // namespace

extern const Architecture qwen3_moe;
constinit const Architecture qwen3_moe = {.gguf = {"qwen3moe"},
                                          .hugging_face = {"qwen3_moe"},
                                          .hugging_face_defaults = qwen3_moe_defaults,
                                          .describe = describe_qwen3_moe,
                                          .make_layer = make_mixed_layer<GroupedAttention>};

}  // namespace shoal::architectures
