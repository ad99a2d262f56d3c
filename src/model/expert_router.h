// Which experts a token goes to, and with which weights.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/kernels.h"
#include "model/config.h"

namespace shoal {

struct ExpertChoice {
  int32_t expert;
  float weight;
};

// Of one token. `scores` has the router's outputs, [count], and is used up; `bias`, [count] or empty, is
// added to scores for the choice only; `values` is scratch, [count]. The choices, [used], ascend by expert.
//   Choice: the largest scores (with sigmoid: of sigmoid(score) + bias), of equal ones that of the lower
//   index. Where experts stand in groups, only those in the best `used_groups` groups, whose score is their
//   largest value or the sum of their two largest.
//   Weight: the softmax of all scores, or of the chosen ones where the weights are to sum to one; with
//   sigmoid the sigmoid, divided by (their sum in ascending order + 1e-20) where they are to; times
//   weight_scale.
void choose_experts(const ExpertsSpec& spec, const Kernels& kernels, std::span<const float> bias,
                    std::span<float> scores, std::span<float> values, std::span<ExpertChoice> choices);

}  // namespace shoal
