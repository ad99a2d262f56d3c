// One layer of a model: its weights, and how it changes the hidden states.
#pragma once

#include "model/weight.h"

namespace shoal {

class ForwardPass;

class Layer {
 public:
  virtual ~Layer() = default;

  // Visits each weight of the layer once, in any state of the layer.
  virtual void visit_weights(WeightVisitor visit) = 0;

  // Every member of the team calls it at the same time, with its own view of the step.
  virtual void forward(ForwardPass& pass) const = 0;
};

}  // namespace shoal
