// Qwen2's mixture of experts (Yang et al. 2024), Qwen1.5-MoE: beside the chosen experts runs one that all
// tokens share, behind a gate of its own.
#include "model/architecture.h"
#include "model/config_experts.h"
#include "model/grouped_attention.h"
#include "model/mixed_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault qwen2_moe_defaults[] = {{"rms_norm_eps", 1e-6},
                                                 {"max_position_embeddings", 32768},
                                                 {"use_sliding_window", 0},
                                                 {"max_window_layers", 28},
                                                 {"qkv_bias", 1}};

void describe_qwen2_moe(Settings& settings, ConfigDraft& draft) {
  const int64_t first_window_layer = settings.integer_or({"", "max_window_layers"}, 0);
  read_windows(settings, draft, [&](int64_t layer) { return layer >= first_window_layer; });
  const bool has_bias = settings.boolean_or({"", "qkv_bias"}, true);
  for (LayerSpec& layer : draft.config.layers) layer.attention.has_qkv_bias = has_bias;
  ExpertsSpec experts = read_experts(settings);
  experts.has_shared_gate = true;
  place_experts(settings, draft, experts);
}

}  // namespace

extern const Architecture qwen2_moe;
constinit const Architecture qwen2_moe = {.gguf = {"qwen2moe"},
                                          .hugging_face = {"qwen2_moe"},
                                          .hugging_face_defaults = qwen2_moe_defaults,
                                          .describe = describe_qwen2_moe,
                                          .make_layer = make_mixed_layer<GroupedAttention>};

}  // namespace shoal::architectures
