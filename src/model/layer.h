// One layer of a model: its weights, and how it changes the hidden states. A layer is written from parts
// (grouped_attention.h, gated_feed_forward.h), each of which owns and visits its weights, says what it needs
// of a step, and runs on a ForwardPass.
#pragma once

#include "model/step_needs.h"
#include "model/weight.h"

namespace shoal {

class ForwardPass;

class Layer {
 public:
  virtual ~Layer() = default;

  // Visits each weight of the layer once, in any state of the layer.
  virtual void visit_weights(WeightVisitor visit) = 0;

  // What forward() uses, the same before and after the weights are there.
  virtual StepNeeds needs(KvType kv_type) const = 0;

  // Every member of the team calls it at the same time, with its own view of the step.
  virtual void forward(ForwardPass& pass) const = 0;
};

}  // namespace shoal
