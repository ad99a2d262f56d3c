// One layer of a model: its weights, and how it changes the hidden states.
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

  // Every member of the team calls it at the same time, with its own view of the step.
  virtual void forward(ForwardPass& pass) const = 0;
};

}  // namespace shoal
