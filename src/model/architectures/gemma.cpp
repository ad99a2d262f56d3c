#include "model/architectures/gemma.h"

#include <cmath>

namespace shoal::architectures {

void describe_gemma(Settings& settings, ConfigDraft& draft, int64_t layers_of_largest) {
  ModelConfig& config = draft.config;
  const bool is_gguf = settings.dialect() == Dialect::gguf;
  config.added_to_norms = is_gguf ? 0.0F : 1.0F;
  config.embedding_scale = static_cast<float>(std::sqrt(static_cast<double>(config.hidden_size)));
  for (LayerSpec& layer : config.layers) {
    const GroupedAttentionSpec& attention = layer.attention;
    const bool is_largest = config.layer_count() == layers_of_largest && attention.head_count > 0;
    const auto size =
        static_cast<double>(is_largest ? config.hidden_size / attention.head_count : attention.head_dim);
    const double divisor = settings.number_or({"", "query_pre_attn_scalar"}, size);
    layer.attention.scale = static_cast<float>(1.0 / std::sqrt(divisor));
    if (is_gguf) layer.feed_forward.activation = Activation::gelu_tanh;
  }
}

}  // namespace shoal::architectures
