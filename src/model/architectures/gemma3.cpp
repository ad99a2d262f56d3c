// Gemma 3's text (Gemma Team 2025): all layers but every sixth see a window and turn by a rope of their own;
// the heads of q and k are normalised.
#include "model/architecture.h"
#include "model/architectures/gemma.h"
#include "model/config_draft.h"
#include "model/gated_feed_forward.h"
#include "model/grouped_attention.h"
#include "model/sandwich_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault gemma3_defaults[] = {
    {"rms_norm_eps", 1e-6},    {"max_position_embeddings", 131072}, {"rope_theta", 1e6},
    {"sliding_window", 4096},  {"query_pre_attn_scalar", 256},      {"vocab_size", 262208},
    {"head_dim", 256},         {"num_attention_heads", 8},          {"num_key_value_heads", 4},
    {"tie_word_embeddings", 1}};
constexpr int64_t gemma3_27b_layers = 62;

// The rope of the layers with a window.
RopeSettings local_rope(Settings& settings, const ConfigDraft& draft) {
  const int64_t head_dim = draft.config.layers.front().attention.head_dim;
  if (settings.has({"", "rope_parameters.sliding_attention"})) {
    return read_rope(settings, draft, head_dim, "sliding_attention");
  }
  return {.layout = draft.rope_layout,
          .dimensions = head_dim,
          .base = settings.number_or({"rope.freq_base_swa", "rope_local_base_freq"}, 10000.0)};
}

void describe_gemma3(Settings& settings, ConfigDraft& draft) {
  describe_gemma(settings, draft, gemma3_27b_layers);
  const int64_t period = std::max<int64_t>(settings.integer_or({"", "sliding_window_pattern"}, 6), 1);
  read_windows(settings, draft, [&](int64_t layer) { return (layer + 1) % period != 0; });
  draft.ropes.push_back(local_rope(settings, draft));
  for (LayerSpec& layer : draft.config.layers) {
    layer.rope = layer.attention.window > 0 ? 1 : 0;
    layer.attention.norm = QueryKeyNorm::per_head;
  }
}

}  // namespace

extern const Architecture gemma3;
constinit const Architecture gemma3 = {.gguf = {"gemma3"},
                                       .hugging_face = {"gemma3_text"},
                                       .hugging_face_defaults = gemma3_defaults,
                                       .describe = describe_gemma3,
                                       .make_layer = make_sandwich_layer<GroupedAttention, GatedFeedForward>};

}  // namespace shoal::architectures
