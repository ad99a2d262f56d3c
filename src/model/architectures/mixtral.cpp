// Mixtral (Jiang et al. 2024): Mistral's layer with experts. In GGUF files it is called llama.
#include "model/architecture.h"
#include "model/config_experts.h"
#include "model/grouped_attention.h"
#include "model/mixed_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault mixtral_defaults[] = {{"rms_norm_eps", 1e-5}, {"max_position_embeddings", 131072}};

void describe_mixtral(Settings& settings, ConfigDraft& draft) {
  ExpertsSpec experts = read_experts(settings);
  experts.renormalises = true;
  experts.names = ExpertNames::numbered;
  place_experts(settings, draft, experts);
}

}  // namespace

extern const Architecture mixtral;
constinit const Architecture mixtral = {.hugging_face = {"mixtral"},
                                        .hugging_face_defaults = mixtral_defaults,
                                        .describe = describe_mixtral,
                                        .make_layer = make_mixed_layer<GroupedAttention>};

}  // namespace shoal::architectures
