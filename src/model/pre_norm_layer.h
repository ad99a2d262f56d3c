// The layer of most families (Xiong et al. 2020): attention and feed-forward, each behind a norm, are added
// to the hidden states.
#pragma once

#include <memory>

#include "model/forward_pass.h"
#include "model/layer.h"
#include "model/norm.h"

namespace shoal {

template <class Attention, class FeedForward>
class PreNormLayer final : public Layer {
 public:
  PreNormLayer(const ModelConfig& config, const LayerSpec& layer)
      : attention_norm_(config, config.hidden_size),
        attention_(config, layer),
        feed_forward_norm_(config, config.hidden_size),
        feed_forward_(config, layer) {}

  void visit_weights(WeightVisitor visit) override {
    attention_norm_.visit_weights(visit, {{"attn_norm", "input_layernorm"}});
    attention_.visit_weights(visit);
    feed_forward_norm_.visit_weights(visit,
                                     {{"ffn_norm", "post_attention_layernorm"}, {"post_attention_norm", ""}});
    feed_forward_.visit_weights(visit);
  }

  StepNeeds needs(KvType kv_type) const override {
    StepNeeds needs{.phases = 2};  // one for each norm
    needs += attention_.needs(kv_type);
    needs += feed_forward_.needs();
    return needs;
  }

  void forward(ForwardPass& pass) const override {
    pass.normalize(attention_norm_.weight);     // x = norm(hidden)
    attention_.forward(pass);                   // hidden += attention(x)
    pass.normalize(feed_forward_norm_.weight);  // x = norm(hidden)
    feed_forward_.forward(pass);                // hidden += feed_forward(x)
  }

 private:
  Norm attention_norm_;
  Attention attention_;
  Norm feed_forward_norm_;
  FeedForward feed_forward_;
};

template <class Attention, class FeedForward>
std::unique_ptr<Layer> make_pre_norm_layer(const ModelConfig& config, const LayerSpec& layer) {
  return std::make_unique<PreNormLayer<Attention, FeedForward>>(config, layer);
}

}  // namespace shoal
