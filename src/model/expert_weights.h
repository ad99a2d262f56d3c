// How files have the weights of experts.
#pragma once

#include <cstdint>
#include <vector>

#include "model/config.h"
#include "model/weight.h"

namespace shoal {

enum class ExpertMatrix : uint8_t { gate, up, down };

// One expert's matrix, and its bias in families whose experts have one.
std::vector<WeightSource> expert_matrix_sources(const ExpertsSpec& spec, ExpertMatrix matrix, int64_t expert);
std::vector<WeightSource> expert_bias_sources(const ExpertsSpec& spec, ExpertMatrix matrix, int64_t expert);

// Of the whole part: "mlp", "block_sparse_moe".
std::string_view experts_module(ExpertNames names);

}  // namespace shoal
