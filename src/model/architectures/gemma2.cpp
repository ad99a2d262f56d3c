// Gemma 2 (Gemma Team 2024): every other layer sees a window, scores and logits are capped softly.
#include "model/architecture.h"
#include "model/architectures/gemma.h"
#include "model/config_draft.h"
#include "model/gated_feed_forward.h"
#include "model/grouped_attention.h"
#include "model/sandwich_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault gemma2_defaults[] = {
    {"rms_norm_eps", 1e-6}, {"max_position_embeddings", 8192}, {"tie_word_embeddings", 1},
    {"head_dim", 256},      {"query_pre_attn_scalar", 256},    {"sliding_window", 4096}};
constexpr int64_t gemma2_27b_layers = 46;

void describe_gemma2(Settings& settings, ConfigDraft& draft) {
  describe_gemma(settings, draft, gemma2_27b_layers);
  read_windows(settings, draft, [](int64_t layer) { return layer % 2 == 0; });
  const bool is_gguf = settings.dialect() == Dialect::gguf;  // such files may leave out Gemma 2's values
  const double cap =
      settings.number_or({"attn_logit_softcapping", "attn_logit_softcapping"}, is_gguf ? 50 : 0);
  for (LayerSpec& layer : draft.config.layers) layer.attention.soft_cap = static_cast<float>(cap);
  draft.config.logit_soft_cap = static_cast<float>(
      settings.number_or({"final_logit_softcapping", "final_logit_softcapping"}, is_gguf ? 30 : 0));
}

}  // namespace

extern const Architecture gemma2;
constinit const Architecture gemma2 = {.gguf = {"gemma2"},
                                       .hugging_face = {"gemma2"},
                                       .hugging_face_defaults = gemma2_defaults,
                                       .describe = describe_gemma2,
                                       .make_layer = make_sandwich_layer<GroupedAttention, GatedFeedForward>};

}  // namespace shoal::architectures
