// Mistral (Jiang et al. 2023) and Ministral: Llama's layer with a window in some versions, with heads of
// another size than hidden/heads in others (Nemo). In GGUF files all but Ministral 3 are called llama.
// Ministral 3 scales its queries by their position, as Llama 4 does.
#include "model/architecture.h"
#include "model/config_draft.h"
#include "model/gated_feed_forward.h"
#include "model/grouped_attention.h"
#include "model/pre_norm_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault mistral_defaults[] = {{"rms_norm_eps", 1e-6}, {"max_position_embeddings", 131072}};

void describe_mistral(Settings& settings, ConfigDraft& draft) {
  const double beta =
      settings.number_or({"attention.temperature_scale", "rope_parameters.llama_4_scaling_beta"}, 0);
  if (beta == 0) return;
  const PositionScale scale{.beta = static_cast<float>(beta),
                            .step = settings.integer({"rope.scaling.original_context_length",
                                                      "rope_parameters.original_max_position_embeddings"})};
  for (LayerSpec& layer : draft.config.layers) layer.attention.position_scale = scale;
}

}  // namespace

extern const Architecture mistral;
constinit const Architecture mistral = {
    .gguf = {"mistral3"},
    .hugging_face = {"mistral", "ministral", "ministral3"},
    .gguf_rope = RopeLayout::interleaved,
    .hugging_face_rope = RopeLayout::half,
    .hugging_face_defaults = mistral_defaults,
    .describe = describe_mistral,
    .make_layer = make_pre_norm_layer<GroupedAttention, GatedFeedForward>};

}  // namespace shoal::architectures
