// Llama (Touvron et al. 2023) and models with the same layer: SmolLM2, TinyLlama, Llama 2 and 3. GGUF's
// converter permutes the rows of q and k, so that the two elements of a pair are neighbours.
#include <array>

#include "model/architectures/architectures.h"
#include "model/forward_pass.h"
#include "model/layer.h"
#include "model/weight_loader.h"

namespace shoal {
namespace {

constexpr std::array<TensorRule, 9> llama_tensors = {{
    {"attention_norm.weight", "attn_norm.weight", "input_layernorm.weight", Extent::hidden, {}},
    {"query.weight", "attn_q.weight", "self_attn.q_proj.weight", Extent::query, Extent::hidden},
    {"key.weight", "attn_k.weight", "self_attn.k_proj.weight", Extent::key_value, Extent::hidden},
    {"value.weight", "attn_v.weight", "self_attn.v_proj.weight", Extent::key_value, Extent::hidden},
    {"attention_output.weight", "attn_output.weight", "self_attn.o_proj.weight", Extent::hidden,
     Extent::query},
    {"feed_forward_norm.weight", "ffn_norm.weight", "post_attention_layernorm.weight", Extent::hidden, {}},
    {"gate.weight", "ffn_gate.weight", "mlp.gate_proj.weight", Extent::feed_forward, Extent::hidden},
    {"up.weight", "ffn_up.weight", "mlp.up_proj.weight", Extent::feed_forward, Extent::hidden},
    {"down.weight", "ffn_down.weight", "mlp.down_proj.weight", Extent::hidden, Extent::feed_forward},
}};

class LlamaLayer final : public Layer {
 public:
  Result<void> order_weights(WeightLoader& loader, int64_t layer) {
    return loader.order_layer(layer, {{"attention_norm.weight", attention_norm_},
                                      {"query.weight", query_.weights},
                                      {"key.weight", key_.weights},
                                      {"value.weight", value_.weights},
                                      {"attention_output.weight", attention_output_.weights},
                                      {"feed_forward_norm.weight", feed_forward_norm_},
                                      {"gate.weight", gate_.weights},
                                      {"up.weight", up_.weights},
                                      {"down.weight", down_.weights}});
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
  std::vector<float> attention_norm_;     // [hidden]
  Linear query_;                          // [heads · head_dim, hidden]
  Linear key_, value_;                    // [kv_heads · head_dim, hidden]
  Linear attention_output_;               // [hidden, heads · head_dim]
  std::vector<float> feed_forward_norm_;  // [hidden]
  Linear gate_, up_;                      // [feed_forward, hidden]
  Linear down_;                           // [hidden, feed_forward]
};

}  // namespace

const Architecture& llama_architecture() {
  static constexpr Architecture architecture{.name = "llama",
                                             .gguf_rope = RopeLayout::interleaved,
                                             .hugging_face_rope = RopeLayout::half,
                                             .hugging_face_norm_epsilon = 1e-6,
                                             .hugging_face_context_length = 2048,
                                             .layer_tensors = llama_tensors,
                                             .make_layer = make_layer<LlamaLayer>};
  return architecture;
}

}  // namespace shoal
