// One layer of a model: its weights, and what it does to the hidden states.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/weight_matrix.h"

namespace shoal {

class ForwardPass;

// y = x·Wᵀ + bias
struct Linear {
  WeightMatrix weights;     // [outputs, inputs]
  std::vector<float> bias;  // [outputs], or empty
};

class Layer {
 public:
  virtual ~Layer() = default;

  // Called by each member of the team at the same time, with the member's own view of the step.
  virtual void forward(ForwardPass& pass) const = 0;
};

}  // namespace shoal
