// What a model's files say of each weight: for `shoal inspect --tensors`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/checkpoint.h"

namespace shoal {

// A tensor of the files, together with those beside it that a matrix consists of (MLX's scales and biases).
struct ListedTensor {
  std::string name;
  std::string format;
  std::vector<int64_t> shape;  // of the weights, outermost first
  int64_t group;               // columns that share a scale; 1: plain numbers
  int64_t bytes;

  double bits_per_weight() const;
};

// Those that are read, each once: first the head's, then layer by layer.
std::vector<ListedTensor> list_tensors(const Checkpoint& checkpoint);

}  // namespace shoal
