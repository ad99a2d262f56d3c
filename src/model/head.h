// What a model has outside of its layers: the embedding before them, final norm and output matrix behind
// them.
#pragma once

#include <vector>

#include "model/config.h"
#include "model/weight.h"

namespace shoal {

struct Head {
  WeightMatrix embedding;          // [vocabulary, hidden]
  std::vector<float> output_norm;  // [hidden]
  WeightMatrix output;             // [vocabulary, hidden]; empty when the embedding serves as both

  void visit_weights(const ModelConfig& config, WeightVisitor visit);
  const WeightMatrix& output_matrix() const { return output.rows() == 0 ? embedding : output; }
};

}  // namespace shoal
