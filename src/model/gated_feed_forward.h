// A feed-forward part whose first matrix is gated by another (Shazeer 2020): down(silu(gate(x)) · up(x)).
#pragma once

#include <cstdint>

#include "model/config.h"
#include "model/linear.h"
#include "model/step_needs.h"

namespace shoal {

class ForwardPass;

class GatedFeedForward {
 public:
  GatedFeedForward(const ModelConfig& config, const LayerSpec& layer)
      : hidden_size_(config.hidden_size), size_(layer.feed_forward.size) {}

  void visit_weights(WeightVisitor visit);
  StepNeeds needs() const;
  // hidden += feed_forward(input)
  void forward(ForwardPass& pass) const;

 private:
  int64_t hidden_size_;
  int64_t size_;
  Linear gate_;  // [size, hidden]
  Linear up_;    // [size, hidden]
  Linear down_;  // [hidden, size]
};

}  // namespace shoal
