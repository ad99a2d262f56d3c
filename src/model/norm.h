// The weight of a norm by the root of the mean square (Zhang and Sennrich 2019).
#pragma once

#include <cstdint>
#include <vector>

#include "model/config.h"
#include "model/weight.h"

namespace shoal {

struct Norm {
  Norm(const ModelConfig& config, int64_t size) : size(size), added(config.added_to_norms) {}

  // The names of `modules` lack the end ".weight".
  void visit_weights(WeightVisitor visit, std::vector<WeightSource> modules, Need need = Need::required);

  int64_t size;
  float added;                // to what the files have
  std::vector<float> weight;  // [size]
};

}  // namespace shoal
