// A feed-forward part whose first matrix is gated by another (Shazeer 2020): down(activation(gate(x)) ·
// up(x)).
#pragma once

#include <cstdint>
#include <span>

#include "model/config.h"
#include "model/linear.h"
#include "model/step_needs.h"

namespace shoal {

class ForwardPass;

class GatedFeedForward {
 public:
  GatedFeedForward(const ModelConfig& config, const LayerSpec& layer)
      : hidden_size_(config.hidden_size), spec_(layer.feed_forward) {}

  void visit_weights(WeightVisitor visit);
  StepNeeds needs() const;
  // hidden += feed_forward(input), normalised before by `output_norm` unless that is empty.
  void forward(ForwardPass& pass, std::span<const float> output_norm = {}) const;

 private:
  int64_t hidden_size_;
  GatedFeedForwardSpec spec_;
  Linear gate_;  // [size, hidden]
  Linear up_;    // [size, hidden]
  Linear down_;  // [hidden, size]
};

}  // namespace shoal
