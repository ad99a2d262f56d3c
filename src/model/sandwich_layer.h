// Gemma's layer since Gemma 2: a norm before and one behind attention and feed-forward.
#pragma once

#include <memory>

#include "model/forward_pass.h"
#include "model/layer.h"
#include "model/norm.h"

namespace shoal {

template <class Attention, class FeedForward>
class SandwichLayer final : public Layer {
 public:
  SandwichLayer(const ModelConfig& config, const LayerSpec& layer)
      : attention_norm_(config, config.hidden_size),
        attention_(config, layer),
        attended_norm_(config, config.hidden_size),
        feed_forward_norm_(config, config.hidden_size),
        feed_forward_(config, layer),
        fed_forward_norm_(config, config.hidden_size) {}

  void visit_weights(WeightVisitor visit) override {
    attention_norm_.visit_weights(visit, {{"attn_norm", "input_layernorm"}});
    attention_.visit_weights(visit);
    attended_norm_.visit_weights(visit, {{"post_attention_norm", "post_attention_layernorm"}});
    feed_forward_norm_.visit_weights(visit, {{"ffn_norm", "pre_feedforward_layernorm"}});
    feed_forward_.visit_weights(visit);
    fed_forward_norm_.visit_weights(visit, {{"post_ffw_norm", "post_feedforward_layernorm"}});
  }

  StepNeeds needs(KvType kv_type) const override {
    StepNeeds needs{.phases = 2};  // one for each norm before a part
    needs += attention_.needs(kv_type);
    needs += feed_forward_.needs();
    return needs;
  }

  void forward(ForwardPass& pass) const override {
    pass.normalize(attention_norm_.weight);                 // x = norm(hidden)
    attention_.forward(pass, attended_norm_.weight);        // hidden += norm(attention(x))
    pass.normalize(feed_forward_norm_.weight);              // x = norm(hidden)
    feed_forward_.forward(pass, fed_forward_norm_.weight);  // hidden += norm(feed_forward(x))
  }

 private:
  Norm attention_norm_;
  Attention attention_;
  Norm attended_norm_;
  Norm feed_forward_norm_;
  FeedForward feed_forward_;
  Norm fed_forward_norm_;
};

template <class Attention, class FeedForward>
std::unique_ptr<Layer> make_sandwich_layer(const ModelConfig& config, const LayerSpec& layer) {
  return std::make_unique<SandwichLayer<Attention, FeedForward>>(config, layer);
}

}  // namespace shoal
