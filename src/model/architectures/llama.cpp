// Llama (Touvron et al. 2023) and models with the same layer: SmolLM2, TinyLlama, Llama 2 and 3, Nemotron.
// GGUF's converter permutes the rows of q and k, so that the two elements of a pair are neighbours; it calls
// Mistral and Mixtral llama, too.
#include "model/architecture.h"
#include "model/config_experts.h"
#include "model/grouped_attention.h"
#include "model/mixed_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault llama_defaults[] = {{"rms_norm_eps", 1e-6}, {"max_position_embeddings", 2048}};

void describe_llama(Settings& settings, ConfigDraft& draft) {
  const bool has_bias = settings.boolean_or({"", "attention_bias"}, false);
  for (LayerSpec& layer : draft.config.layers) {
    layer.attention.has_qkv_bias = has_bias;
    layer.attention.has_output_bias = has_bias;
  }
  if (settings.integer_or({"expert_count", ""}, 0) == 0) return;
  ExpertsSpec experts = read_experts(settings);
  experts.renormalises = true;
  place_experts(settings, draft, experts);
}

}  // namespace

extern const Architecture llama;
constinit const Architecture llama = {.gguf = {"llama"},
                                      .hugging_face = {"llama"},
                                      .gguf_rope = RopeLayout::interleaved,
                                      .hugging_face_rope = RopeLayout::half,
                                      .hugging_face_defaults = llama_defaults,
                                      .describe = describe_llama,
                                      .make_layer = make_mixed_layer<GroupedAttention>};

}  // namespace shoal::architectures
