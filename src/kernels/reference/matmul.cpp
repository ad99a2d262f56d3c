#include <algorithm>
#include <cmath>

#include "kernels/packed_reader.h"
#include "kernels/reference/reference.h"

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
  const PackedLayout layout = packed_layout(weights.type());
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

float float_weight(const WeightMatrix& weights, int64_t n, int64_t k) {
  const std::byte* block = weights.block(n / row_interleave);
  const int64_t index = k * row_interleave + n % row_interleave;
  if (weights.type() == DType::f32) return std::bit_cast<float>(load_word(block + 4 * index));
  const uint16_t half = load_half(block + 2 * index);
  return weights.type() == DType::f16 ? f32_from_f16(half) : f32_from_bf16(half);
}

// Adds columns in ascending order: acc = fma(weight, x, acc).
float float_output(const WeightMatrix& weights, const float* x, int64_t n) {
  float acc = 0;
  for (int64_t k = 0; k < weights.columns(); ++k) acc = std::fma(float_weight(weights, n, k), x[k], acc);
  return acc;
}

}  // namespace

void matmul(const WeightMatrix& weights, const MatmulInput& input, const MatmulOutput& output) {
  for (int64_t n = output.first_output; n < output.end_output; ++n) {
    if (weights.takes_quantized_input()) {
      for (int64_t row = 0; row < input.row_count; row += row_tile) {
        integer_output(weights, *input.quantized, n, row, std::min(row + row_tile, input.row_count), output);
      }
    } else {
      for (int64_t row = 0; row < input.row_count; ++row) {
        output.values[row * output.value_stride + n] =
            float_output(weights, input.values + row * input.value_stride, n);
      }
    }
  }
}

void dequantize_row(const WeightMatrix& weights, int64_t row, float* out) {
  const PackedLayout layout = packed_layout(weights.type());
  for (int64_t k = 0; k < weights.columns(); ++k) {
    if (layout.block_groups == 0) {
      out[k] = float_weight(weights, row, k);
      continue;
    }
    if (k % quant_group != 0) continue;
    const int64_t group = k / quant_group % layout.block_groups;
    const int64_t lane = row % row_interleave;
    const std::byte* block =
        weights.block(row / row_interleave) + k / layout.block_columns() * layout.block_bytes();
    const std::array<int32_t, 32> quants = read_packed_quants(layout, block, group, lane);
    const PackedFactors factors = read_packed_factors(layout, block, group, lane);
    for (int64_t i = 0; i < quant_group; ++i) {
      const auto half_scale = static_cast<float>(factors.halves[i / 16]);
      const float value = factors.scale * half_scale * static_cast<float>(quants[i]);
      out[k + i] = layout.affine ? value + factors.bias : value;
    }
  }
}

}  // namespace shoal::reference
