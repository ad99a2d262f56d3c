// MLX's formats of 2, 3, 4, 5, 6 or 8 bits, chosen by what a matrix's tensors look like.
#pragma once

#include <cstdint>

#include "kernels/formats/stored_format.h"

namespace shoal {

// `group` columns share a scale and a bias, both of the type `factors`. nullptr when there is no such format.
const StoredFormat* find_mlx_affine(int64_t bits, int64_t group, DType factors);

}  // namespace shoal
