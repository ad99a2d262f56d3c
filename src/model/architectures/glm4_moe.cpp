// GLM-4.5 to 4.7 (GLM Team 2025): the first layers are dense, the others choose experts by sigmoid and a
// learned bias; a part of each head is turned.
#include <fmt/format.h>

#include "model/architecture.h"
#include "model/config_experts.h"
#include "model/grouped_attention.h"
#include "model/mixed_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault glm4_moe_defaults[] = {
    {"rms_norm_eps", 1e-5}, {"max_position_embeddings", 131072}, {"norm_topk_prob", 1}};

void describe_glm4_moe(Settings& settings, ConfigDraft& draft) {
  const bool is_gguf = settings.dialect() == Dialect::gguf;
  const bool has_bias = settings.boolean_or({"", "attention_bias"}, is_gguf);
  const bool has_norm = settings.boolean_or({"", "use_qk_norm"}, false);
  for (LayerSpec& layer : draft.config.layers) {
    layer.attention.has_qkv_bias = has_bias;
    // GGUF's keys do not say whether there are norms.
    if (is_gguf) layer.attention.norm = QueryKeyNorm::per_head_if_there;
    if (has_norm) layer.attention.norm = QueryKeyNorm::per_head;
  }
  ExpertsSpec experts = read_experts(settings);
  experts.router = RouterKind::sigmoid;
  experts.has_choice_bias = true;
  experts.group_score = GroupScore::sum_of_two_largest;
  place_experts(settings, draft, experts);
}

}  // namespace

extern const Architecture glm4_moe;
constinit const Architecture glm4_moe = {.gguf = {"glm4moe"},
                                         .hugging_face = {"glm4_moe"},
                                         .hugging_face_defaults = glm4_moe_defaults,
                                         .describe = describe_glm4_moe,
                                         .make_layer = make_mixed_layer<GroupedAttention>};

}  // namespace shoal::architectures
