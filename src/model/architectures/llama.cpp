// Llama (Touvron et al. 2023) and models with the same layer: SmolLM2, TinyLlama, Llama 2 and 3. GGUF's
// converter permutes the rows of q and k, so that the two elements of a pair are neighbours.
// Qwen2 and Qwen2.5 (Yang et al. 2024) have biases on q, k and v.
#include "model/architectures/architectures.h"
#include "model/forward_pass.h"
#include "model/linear.h"

namespace shoal {
namespace {

class LlamaLayer final : public Layer {
 public:
  LlamaLayer(const ModelConfig& config, Bias qkv_bias)
      : hidden_(config.hidden_size),
        query_size_(config.head_count * config.head_dim),
        key_size_(config.kv_head_count * config.head_dim),
        feed_forward_size_(config.feed_forward_size),
        qkv_bias_(qkv_bias) {}

  void visit_weights(WeightVisitor visit) override {
    visit({.sources = {{"attn_norm.weight", "input_layernorm.weight"}},
           .shape = {hidden_},
           .target = &attention_norm_});
    visit_linear(visit, {{"attn_q", "self_attn.q_proj"}}, {query_size_, hidden_}, qkv_bias_, query_);
    visit_linear(visit, {{"attn_k", "self_attn.k_proj"}}, {key_size_, hidden_}, qkv_bias_, key_);
    visit_linear(visit, {{"attn_v", "self_attn.v_proj"}}, {key_size_, hidden_}, qkv_bias_, value_);
    visit_linear(visit, {{"attn_output", "self_attn.o_proj"}}, {hidden_, query_size_}, Bias::none,
                 attention_output_);
    visit({.sources = {{"ffn_norm.weight", "post_attention_layernorm.weight"}},
           .shape = {hidden_},
           .target = &feed_forward_norm_});
    visit_linear(visit, {{"ffn_gate", "mlp.gate_proj"}}, {feed_forward_size_, hidden_}, Bias::none, gate_);
    visit_linear(visit, {{"ffn_up", "mlp.up_proj"}}, {feed_forward_size_, hidden_}, Bias::none, up_);
    visit_linear(visit, {{"ffn_down", "mlp.down_proj"}}, {hidden_, feed_forward_size_}, Bias::none, down_);
  }

  void forward(ForwardPass& pass) const override {
    pass.normalize(attention_norm_);               // x: [rows, hidden]
    pass.project_attention(query_, key_, value_);  // q: [rows, heads, head_dim], k and v: kv_heads
    pass.rotate_and_store();                  // q and k turned by their positions; k and v to the KV pages
    pass.attend();                            // [rows, heads, head_dim]
    pass.project_and_add(attention_output_);  // hidden: [rows, hidden]
    pass.normalize(feed_forward_norm_);       // x: [rows, hidden]
    pass.project_gated(gate_, up_);           // silu(gate) · up: [rows, feed_forward]
    pass.project_and_add(down_);              // hidden: [rows, hidden]
  }

 private:
  int64_t hidden_, query_size_, key_size_, feed_forward_size_;
  Bias qkv_bias_;
  std::vector<float> attention_norm_;     // [hidden]
  Linear query_;                          // [heads · head_dim, hidden]
  Linear key_, value_;                    // [kv_heads · head_dim, hidden]
  Linear attention_output_;               // [hidden, heads · head_dim]
  std::vector<float> feed_forward_norm_;  // [hidden]
  Linear gate_, up_;                      // [feed_forward, hidden]
  Linear down_;                           // [hidden, feed_forward]
};

template <Bias qkv_bias>
std::unique_ptr<Layer> make(const ModelConfig& config, int64_t) {
  return std::make_unique<LlamaLayer>(config, qkv_bias);
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
