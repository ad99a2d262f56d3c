#include <algorithm>
#include <cmath>

#include "kernels/packed_reader.h"
#include "kernels/reference/reference.h"
#include "kernels/weight_reader.h"

namespace shoal::reference {
namespace {

constexpr int64_t row_tile = 16;

// The integer part of one group: the sum over columns of quant · activation, each half times its integer
// sub-scale. At most 2^24 in magnitude, so float32 holds it exactly.
int32_t group_dot(const std::array<int32_t, 32>& quants, const int8_t* activations,
                  const std::array<int32_t, 2>& halves) {
  int32_t total = 0;
  for (int64_t half = 0; half < 2; ++half) {
    int32_t dot = 0;
    for (int64_t k = 16 * half; k < 16 * half + 16; ++k) dot += quants[k] * activations[k];
    total += halves[half] * dot;
  }
  return total;
}

// Output n for rows [first_row, end_row), at most row_tile of them. Groups in ascending order:
//   acc = fma(fl(scale_w · scale_x), float(dot), acc)
//   acc = fma(bias_w, scaled_sum_x, acc)                 in affine formats
void integer_output(const WeightMatrix& weights, const QuantizedRows& x, int64_t n, int64_t first_row,
                    int64_t end_row, const MatmulOutput& output) {
  const PackedLayout layout = weights.format().layout;
  const int64_t lane = n % row_interleave;
  const int64_t groups = group_count(x.columns);
  std::array<float, row_tile> accumulators = {};
  for (int64_t group = 0; group < groups; ++group) {
    const std::byte* block =
        weights.block(n / row_interleave) + group / layout.block_groups * layout.block_bytes();
    const int64_t group_in_block = group % layout.block_groups;
    const std::array<int32_t, 32> quants = read_packed_quants(layout, block, group_in_block, lane);
    const PackedFactors factors = read_packed_factors(layout, block, group_in_block, lane);
    for (int64_t row = first_row; row < end_row; ++row) {
      const int8_t* activations = x.values + row * padded_columns(x.columns) + group * quant_group;
      const float scale = factors.scale * x.scales[row * groups + group];
      const auto dot = static_cast<float>(group_dot(quants, activations, factors.halves));
      float& acc = accumulators[row - first_row];
      acc = std::fma(scale, dot, acc);
      if (layout.affine) acc = std::fma(factors.bias, x.scaled_sums[row * groups + group], acc);
    }
  }
  for (int64_t row = first_row; row < end_row; ++row) {
    output.values[row * output.value_stride + n] = accumulators[row - first_row];
  }
}

// Output n for rows [first_row, end_row), at most row_tile of them. Columns in ascending order:
//   acc = fma(weight, x, acc)
void float_output(const WeightMatrix& weights, const MatmulInput& x, int64_t n, int64_t first_row,
                  int64_t end_row, const MatmulOutput& output) {
  std::array<float, largest_block_columns> piece;
  std::array<float, row_tile> accumulators = {};
  for (int64_t first = 0; first < weights.columns(); first += std::ssize(piece)) {
    const int64_t count = std::min<int64_t>(std::ssize(piece), weights.columns() - first);
    read_weights(weights, n, first, std::span(piece).first(count));
    for (int64_t row = first_row; row < end_row; ++row) {
      const float* values = x.values + row * x.value_stride + first;
      float& acc = accumulators[row - first_row];
      for (int64_t k = 0; k < count; ++k) acc = std::fma(piece[k], values[k], acc);
    }
  }
  for (int64_t row = first_row; row < end_row; ++row) {
    output.values[row * output.value_stride + n] = accumulators[row - first_row];
  }
}

// Calls compute(n, first row, end row) for all outputs, in tiles of rows.
template <class Compute>
void for_each_output(int64_t row_count, const MatmulOutput& output, const Compute& compute) {
  for (int64_t n = output.first_output; n < output.end_output; ++n) {
    for (int64_t row = 0; row < row_count; row += row_tile) {
      compute(n, row, std::min(row + row_tile, row_count));
    }
  }
}

}  // namespace

void multiply_integers(const WeightMatrix& weights, const MatmulInput& input, const MatmulOutput& output) {
  for_each_output(input.row_count, output, [&](int64_t n, int64_t first_row, int64_t end_row) {
    integer_output(weights, *input.quantized, n, first_row, end_row, output);
  });
}

void multiply_floats(const WeightMatrix& weights, const MatmulInput& input, const MatmulOutput& output) {
  for_each_output(input.row_count, output, [&](int64_t n, int64_t first_row, int64_t end_row) {
    float_output(weights, input, n, first_row, end_row, output);
  });
}

void dequantize_row(const WeightMatrix& weights, int64_t row, float* out) {
  read_weights(weights, row, 0, {out, static_cast<size_t>(weights.columns())});
}

}  // namespace shoal::reference
