// Llama (Touvron et al. 2023) and models with the same layer: SmolLM2, TinyLlama, Llama 2 and 3. GGUF's
// converter permutes the rows of q and k, so that the two elements of a pair are neighbours.
// Qwen2 and Qwen2.5 (Yang et al. 2024) have biases on q, k and v.
#include "model/architectures/architectures.h"
#include "model/forward_pass.h"
#include "model/gated_feed_forward.h"
#include "model/grouped_attention.h"

namespace shoal {
namespace {

class LlamaLayer final : public Layer {
 public:
  LlamaLayer(const ModelConfig& config, const LayerSpec& layer, Bias qkv_bias)
      : hidden_size_(config.hidden_size), attention_(config, layer, qkv_bias), feed_forward_(config, layer) {}

  void visit_weights(WeightVisitor visit) override {
    visit({.sources = {{"attn_norm.weight", "input_layernorm.weight"}},
           .shape = {hidden_size_},
           .target = &attention_norm_});
    attention_.visit_weights(visit);
    visit({.sources = {{"ffn_norm.weight", "post_attention_layernorm.weight"}},
           .shape = {hidden_size_},
           .target = &feed_forward_norm_});
    feed_forward_.visit_weights(visit);
  }

  StepNeeds needs(KvType kv_type) const override {
    StepNeeds needs{.phases = 2};  // one for each norm
    needs += attention_.needs(kv_type);
    needs += feed_forward_.needs();
    return needs;
  }

  void forward(ForwardPass& pass) const override {
    pass.normalize(attention_norm_);     // x = norm(hidden)
    attention_.forward(pass);            // hidden += attention(x)
    pass.normalize(feed_forward_norm_);  // x = norm(hidden)
    feed_forward_.forward(pass);         // hidden += feed_forward(x)
  }

 private:
  int64_t hidden_size_;
  std::vector<float> attention_norm_;  // [hidden]
  GroupedAttention attention_;
  std::vector<float> feed_forward_norm_;  // [hidden]
  GatedFeedForward feed_forward_;
};

template <Bias qkv_bias>
std::unique_ptr<Layer> make(const ModelConfig& config, const LayerSpec& layer) {
  return std::make_unique<LlamaLayer>(config, layer, qkv_bias);
}

}  // namespace

const Architecture& llama_architecture() {
  static constexpr Architecture architecture{.name = "llama",
                                             .gguf_rope = RopeLayout::interleaved,
                                             .hugging_face_rope = RopeLayout::half,
                                             .hugging_face_norm_epsilon = 1e-6,
                                             .hugging_face_context_length = 2048,
                                             .make_layer = make<Bias::none>};
  return architecture;
}

const Architecture& qwen2_architecture() {
  static constexpr Architecture architecture{.name = "qwen2",
                                             .gguf_rope = RopeLayout::half,
                                             .hugging_face_rope = RopeLayout::half,
                                             .hugging_face_norm_epsilon = 1e-6,
                                             .hugging_face_context_length = 32768,
                                             .make_layer = make<Bias::required>};
  return architecture;
}

}  // namespace shoal
