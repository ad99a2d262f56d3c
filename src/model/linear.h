// A linear map of a layer, and how its weights are described.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/weight_matrix.h"
#include "model/weight.h"

namespace shoal {

// y = x·Wᵀ + bias
struct Linear {
  WeightMatrix weights;     // [outputs, inputs]
  std::vector<float> bias;  // [outputs], or empty
};

struct LinearShape {
  int64_t outputs;
  int64_t inputs;
};

enum class Bias : uint8_t { none, optional, required };

// The sources with `end` after their names.
std::vector<WeightSource> with_end(std::vector<WeightSource> modules, std::string_view end);

// Visits the matrix and, if there is to be one, the bias. The names of `modules` lack the ends ".weight" and
// ".bias"; rows and stacks hold for both.
void visit_linear(WeightVisitor visit, std::vector<WeightSource> modules, LinearShape shape, Bias bias,
                  Linear& target);

}  // namespace shoal
