// The layers of models of which some or all layers have a mixture of experts.
#pragma once

#include <memory>

#include "model/experts.h"
#include "model/gated_feed_forward.h"
#include "model/pre_norm_layer.h"

namespace shoal {

template <class Attention>
std::unique_ptr<Layer> make_mixed_layer(const ModelConfig& config, const LayerSpec& layer) {
  if (layer.experts) return make_pre_norm_layer<Attention, Experts>(config, layer);
  return make_pre_norm_layer<Attention, GatedFeedForward>(config, layer);
}

}  // namespace shoal
