// MiniMax-M2 (MiniMax 2025): q and k are normalised over all heads together; experts are chosen by sigmoid
// and a learned bias.
#include <fmt/format.h>

#include <algorithm>

#include "model/architecture.h"
#include "model/config_experts.h"
#include "model/grouped_attention.h"
#include "model/mixed_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault minimax_m2_defaults[] = {{"rms_norm_eps", 1e-6},
                                                  {"max_position_embeddings", 196608}};

void describe_minimax_m2(Settings& settings, ConfigDraft& draft) {
  const bool has_norm = settings.boolean_or({"", "use_qk_norm"}, true);
  const std::string norm_kind = settings.text_or({"", "qk_norm_type"}, "per_layer");
  if (norm_kind != "per_layer") {
    settings.refuse(fmt::format("'qk_norm_type' is '{}', only per_layer is supported", norm_kind));
  }
  const std::vector<int64_t> attention_kinds = settings.integers({"", "attn_type_list"});
  if (std::ranges::any_of(attention_kinds, [](int64_t kind) { return kind != 1; })) {
    settings.refuse("'attn_type_list' has another kind than 1, which is not supported");
  }
  for (LayerSpec& layer : draft.config.layers) {
    layer.attention.norm = has_norm ? QueryKeyNorm::whole : QueryKeyNorm::none;
  }
  ExpertsSpec experts = read_experts(settings);
  experts.router = RouterKind::sigmoid;
  experts.has_choice_bias = settings.boolean_or({"", "use_routing_bias"}, true);
  experts.renormalises = true;
  experts.names = ExpertNames::numbered;
  place_experts(settings, draft, experts);
}

}  // namespace

extern const Architecture minimax_m2;
constinit const Architecture minimax_m2 = {.gguf = {"minimax-m2"},
                                           .hugging_face = {"minimax_m2"},
                                           .hugging_face_defaults = minimax_m2_defaults,
                                           .describe = describe_minimax_m2,
                                           .make_layer = make_mixed_layer<GroupedAttention>};

}  // namespace shoal::architectures
