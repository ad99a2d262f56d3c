// Phi-3, Phi-3.5 and Phi-4 (Abdin et al. 2024): q, k and v are one matrix, gate and up another; some turn a
// part of each head only; those of long contexts scale rope by factors of their own.
#include "model/architecture.h"
#include "model/config_draft.h"
#include "model/gated_feed_forward.h"
#include "model/grouped_attention.h"
#include "model/pre_norm_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault phi3_defaults[] = {{"rms_norm_eps", 1e-5}, {"max_position_embeddings", 4096}};

void describe_phi3(Settings&, ConfigDraft& draft) {
  for (LayerSpec& layer : draft.config.layers) {
    layer.attention.is_fused = true;
    layer.feed_forward.is_fused = true;
  }
}

}  // namespace

extern const Architecture phi3;
constinit const Architecture phi3 = {.gguf = {"phi3"},
                                     .hugging_face = {"phi3"},
                                     .hugging_face_defaults = phi3_defaults,
                                     .describe = describe_phi3,
                                     .make_layer = make_pre_norm_layer<GroupedAttention, GatedFeedForward>};

}  // namespace shoal::architectures
