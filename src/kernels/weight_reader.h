// Reads a weight matrix back as floats, exactly, whatever its format.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/weight_matrix.h"

namespace shoal {

// The weights of one row from `first_column` on. Where the row is read in pieces, each begins at a multiple
// of largest_block_columns.
void read_weights(const WeightMatrix& weights, int64_t row, int64_t first_column, std::span<float> out);

// The same of the 16 rows of a block, at most largest_block_columns of each, as out[columns, 16]. Rows that
// the matrix does not have are 0.
void read_row_block(const WeightMatrix& weights, int64_t row_block, int64_t first_column, int64_t columns,
                    float* out);

}  // namespace shoal
