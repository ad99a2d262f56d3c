// y = x·Wᵀ over a lane type V: 16 outputs of a few tokens at a time. Each output is one chain over groups in
// ascending order, exactly as in reference/matmul.cpp; only work that involves no rounding is arranged
// differently.
#pragma once

#include <algorithm>
#include <utility>

#include "kernels/kernels.h"
#include "kernels/packed_layout.h"
#include "kernels/weight_reader.h"

namespace shoal::cpu {

// Calls function.template operator()<0>() … <count - 1>().
template <int count, class Function>
SHOAL_INLINE void unrolled(Function function) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (function.template operator()<i>(), ...);
  }(std::make_integer_sequence<int, count>());
}

// Columns 4·vector … 4·vector + 3 of a group, one byte each; packed_layout.h defines the planes.
template <class V, PackedLayout layout, int vector>
SHOAL_INLINE typename V::Bytes unpack(const std::byte* planes) {
  if constexpr (layout.quant_bits == 8) {
    return V::load_bytes(planes + 64 * vector);
  } else {
    const auto both = V::load_bytes(planes + 64 * (vector / 2));
    const auto low = V::mask(V::template shift < vector % 2 == 0 ? 0 : -4 > (both), 0x0f);
    const std::byte* high = planes + layout.high_plane_offset();
    if constexpr (layout.quant_bits == 4) {
      return low;
    } else if constexpr (layout.quant_bits == 5) {
      return low | V::mask(V::template shift<4 - vector>(V::load_bytes(high)), 0x10);
    } else {
      constexpr int place = vector % 4 * 2;
      return low | V::mask(V::template shift<4 - place>(V::load_bytes(high + 64 * (vector / 4))), 0x30);
    }
  }
}

// Factors are filled in place: g++ 12 copies structs of several vectors through memory in pieces and then
// waits when it reads them back whole (measured: a third of decode's time).
template <class V>
struct Factors {
  typename V::Floats scale;
  typename V::Floats bias;
};

template <class V, ScaleKind kind>
SHOAL_INLINE typename V::Floats load_scales(const std::byte* scales) {
  static_assert(kind == ScaleKind::f16 || kind == ScaleKind::bf16 || kind == ScaleKind::f32);
  if constexpr (kind == ScaleKind::f16) return V::load_f16(scales);
  if constexpr (kind == ScaleKind::bf16) return V::load_bf16(scales);
  if constexpr (kind == ScaleKind::f32) return V::load(reinterpret_cast<const float*>(scales));
}

// Loads the factors that a block's groups share: d as the scale, and m or -dmin as the bias.
template <class V, PackedLayout layout>
SHOAL_INLINE void load_block_factors(const std::byte* block, Factors<V>& factors) {
  factors.scale = load_scales<V, layout.scales>(block);
  if constexpr (layout.affine) factors.bias = load_scales<V, layout.scales>(block + layout.biases_offset());
  if constexpr (layout.sub_scales == SubScales::scale_and_min) {
    factors.bias = as_float(as_int(factors.bias) ^ typename V::Ints(static_cast<int32_t>(0x80000000)));
  }
}

template <class V, PackedLayout layout>
SHOAL_INLINE void load_group_factors(const Factors<V>& of_block, const std::byte* sub_scales,
                                     Factors<V>& factors) {
  factors.scale = of_block.scale;
  if constexpr (layout.affine) factors.bias = of_block.bias;
  if constexpr (layout.sub_scales == SubScales::scale_and_min) {
    factors.scale = factors.scale * to_float(V::load_uint8(sub_scales));
    factors.bias = factors.bias * to_float(V::load_uint8(sub_scales + layout.rows));
  }
}

template <class V, PackedLayout layout>
SHOAL_INLINE void load_half_scales(const std::byte* sub_scales, typename V::HalfScales& half_scales) {
  constexpr int zero_point = V::zero_point(layout);
  if constexpr (layout.sub_scales == SubScales::two_signed) {
    V::load_half_scales(sub_scales, zero_point, half_scales);
  } else if constexpr (zero_point != 0) {
    half_scales.zero_factors = typename V::Ints(zero_point * 0x10001);
  }
}

// The activations of a tile of tokens from one group on. Strides lead from a token to the next.
struct ActivationCursor {
  const int8_t* values;
  const float* scales;
  const float* scaled_sums;
  const int16_t* half_sums;
  int64_t value_stride;
  int64_t group_stride;

  SHOAL_INLINE void next_group() {
    values += quant_group;
    scales += 1;
    scaled_sums += 1;
    half_sums += 2;
  }
};

// Adds one group to the sums of `tokens` tokens.
template <class V, PackedLayout layout, int tokens>
SHOAL_INLINE void multiply_group(const std::byte* planes, const std::byte* sub_scales,
                                 const Factors<V>& of_block, const ActivationCursor& x,
                                 typename V::Floats (&sums)[tokens]) {
  using Floats = typename V::Floats;
  typename V::HalfScales half_scales;
  load_half_scales<V, layout>(sub_scales, half_scales);
  typename V::template Dot<layout> dots[tokens];
  if constexpr (tokens == 1 && V::prefetch_distance > 0) {
    for (int64_t i = 0; i < layout.planes_bytes() + 32; i += 64)
      __builtin_prefetch(planes + V::prefetch_distance + i);
  }
  unrolled<8>([&]<int vector>() __attribute__((always_inline)) {
    const typename V::Bytes weights = unpack<V, layout, vector>(planes);
    for (int token = 0; token < tokens; ++token) {
      const auto quad = V::load_quad(x.values + token * x.value_stride + 4 * vector);
      dots[token].template add<vector>(weights, quad, half_scales);
    }
  });
  Factors<V> factors;
  load_group_factors<V, layout>(of_block, sub_scales, factors);
  for (int token = 0; token < tokens; ++token) {
    const int64_t offset = token * x.group_stride;
    typename V::Ints dot = dots[token].total(half_scales);
    if constexpr (V::zero_point(layout) != 0) {
      dot = dot - V::dot_sums(x.half_sums + 2 * offset, half_scales.zero_factors);
    }
    sums[token] = fma(factors.scale * Floats(x.scales[offset]), to_float(dot), sums[token]);
    if constexpr (layout.affine) sums[token] = fma(factors.bias, Floats(x.scaled_sums[offset]), sums[token]);
  }
}

// Computes 16 outputs of the `tokens` tokens from `first_token` on.
template <class V, PackedLayout layout, int tokens>
void multiply_integer_tile(const std::byte* block, const QuantizedRows& rows, int64_t first_token,
                           float* output, int64_t output_stride, int64_t lanes) {
  const int64_t groups = group_count(rows.columns);
  ActivationCursor x{.values = rows.values + first_token * padded_columns(rows.columns),
                     .scales = rows.scales + first_token * groups,
                     .scaled_sums = rows.scaled_sums + first_token * groups,
                     .half_sums = rows.half_sums + first_token * groups * 2,
                     .value_stride = padded_columns(rows.columns),
                     .group_stride = groups};
  typename V::Floats sums[tokens];
  for (auto& sum : sums) sum = typename V::Floats(0.0F);
  for (int64_t group = 0; group < groups; group += layout.block_groups) {
    Factors<V> of_block;
    load_block_factors<V, layout>(block, of_block);
    for (int64_t i = 0; i < layout.block_groups; ++i) {
      multiply_group<V, layout, tokens>(block + layout.planes_offset(i), block + layout.sub_scales_offset(i),
                                        of_block, x, sums);
      x.next_group();
    }
    block += layout.block_bytes();
  }
  for (int token = 0; token < tokens; ++token)
    V::store_first(output + token * output_stride, sums[token], lanes);
}

template <class V, Numbers numbers>
SHOAL_INLINE typename V::Floats load_float_weights(const std::byte* block, int64_t column) {
  if constexpr (numbers == Numbers::f32) return V::load(reinterpret_cast<const float*>(block) + 16 * column);
  if constexpr (numbers == Numbers::f16) return V::load_f16(block + 32 * column);
  if constexpr (numbers == Numbers::bf16) return V::load_bf16(block + 32 * column);
}

template <class V, Numbers numbers, int tokens>
void multiply_float_tile(const std::byte* block, int64_t columns, const float* x, int64_t x_stride,
                         float* output, int64_t output_stride, int64_t lanes) {
  typename V::Floats sums[tokens];
  for (auto& sum : sums) sum = typename V::Floats(0.0F);
  for (int64_t column = 0; column < columns; ++column) {
    const typename V::Floats weights = load_float_weights<V, numbers>(block, column);
    for (int token = 0; token < tokens; ++token) {
      sums[token] = fma(weights, typename V::Floats(x[token * x_stride + column]), sums[token]);
    }
  }
  for (int token = 0; token < tokens; ++token)
    V::store_first(output + token * output_stride, sums[token], lanes);
}

// Calls tile.template operator()<tokens>(first token) for tiles that cover [first, end): full tiles, then
// ever smaller halves.
template <int tokens, class Tile>
SHOAL_INLINE void for_each_tile(int64_t first, int64_t end, const Tile& tile) {
  for (; first + tokens <= end; first += tokens) tile.template operator()<tokens>(first);
  if constexpr (tokens > 1) for_each_tile<tokens / 2>(first, end, tile);
}

// Tokens are processed in panels whose activations stay in the second-level cache while all row blocks pass
// by.
inline constexpr int64_t panel_bytes = 192 * 1024;

// Calls tile<tokens>(row block, lanes, first token) over the whole job.
template <class V, class Tile>
SHOAL_INLINE void for_each_row_block(const MatmulInput& input, const MatmulOutput& output,
                                     int64_t token_bytes, const Tile& tile) {
  const int64_t panel = std::max<int64_t>(panel_bytes / token_bytes / V::token_tile, 1) * V::token_tile;
  for (int64_t first_token = 0; first_token < input.row_count; first_token += panel) {
    const int64_t end_token = std::min(first_token + panel, input.row_count);
    for (int64_t row = output.first_output; row < output.end_output; row += row_interleave) {
      const int64_t lanes = std::min(row_interleave, output.end_output - row);
      for_each_tile<V::token_tile>(first_token, end_token, [&]<int tokens>(int64_t token) {
        tile.template operator()<tokens>(row, lanes, token);
      });
    }
  }
}

template <class V, PackedLayout layout>
void multiply_integers(const WeightMatrix& weights, const MatmulInput& input, const MatmulOutput& output) {
  const QuantizedRows& rows = *input.quantized;
  for_each_row_block<V>(input, output, padded_columns(rows.columns),
                        [&]<int tokens>(int64_t row, int64_t lanes, int64_t token) {
                          multiply_integer_tile<V, layout, tokens>(
                              weights.block(row / row_interleave), rows, token,
                              output.values + token * output.value_stride + row, output.value_stride, lanes);
                        });
}

template <class V, Numbers numbers>
void multiply_floats(const WeightMatrix& weights, const MatmulInput& input, const MatmulOutput& output) {
  for_each_row_block<V>(input, output, weights.columns() * int64_t{sizeof(float)},
                        [&]<int tokens>(int64_t row, int64_t lanes, int64_t token) {
                          multiply_float_tile<V, numbers, tokens>(
                              weights.block(row / row_interleave), weights.columns(),
                              input.values + token * input.value_stride, input.value_stride,
                              output.values + token * output.value_stride + row, output.value_stride, lanes);
                        });
}

// Adds `columns` columns of 16 rows, [columns, 16], to 16 outputs of a few tokens. The sums wait in the
// output from piece to piece, which rounds nothing.
template <class V, int tokens>
void add_float_piece(const float* piece, int64_t first_column, int64_t columns, const float* x,
                     int64_t x_stride, float* output, int64_t output_stride, int64_t lanes) {
  typename V::Floats sums[tokens];
  for (int token = 0; token < tokens; ++token) {
    sums[token] = first_column == 0 ? typename V::Floats(0.0F)
                                    : V::load_first(output + token * output_stride, lanes, 0.0F);
  }
  for (int64_t column = 0; column < columns; ++column) {
    const typename V::Floats weights = V::load(piece + column * row_interleave);
    for (int token = 0; token < tokens; ++token) {
      const float value = x[token * x_stride + first_column + column];
      sums[token] = fma(weights, typename V::Floats(value), sums[token]);
    }
  }
  for (int token = 0; token < tokens; ++token)
    V::store_first(output + token * output_stride, sums[token], lanes);
}

// The generic path: whatever the format, 16 rows of some columns are read as floats, once for all tokens, and
// multiplied in the order in which those of a float format are.
template <class V>
void multiply_as_stored(const WeightMatrix& weights, const MatmulInput& input, const MatmulOutput& output) {
  float piece[largest_block_columns * row_interleave];
  for (int64_t row = output.first_output; row < output.end_output; row += row_interleave) {
    const int64_t lanes = std::min(row_interleave, output.end_output - row);
    for (int64_t column = 0; column < weights.columns(); column += largest_block_columns) {
      const int64_t columns = std::min(largest_block_columns, weights.columns() - column);
      read_row_block(weights, row / row_interleave, column, columns, piece);
      for_each_tile<V::token_tile>(0, input.row_count, [&]<int tokens>(int64_t token) {
        add_float_piece<V, tokens>(piece, column, columns, input.values + token * input.value_stride,
                                   input.value_stride, output.values + token * output.value_stride + row,
                                   output.value_stride, lanes);
      });
    }
  }
}

// In the order of matmul_place().
template <class V, size_t... layout>
constexpr std::array<Matmul*, matmul_count> make_matmuls(std::index_sequence<layout...>) {
  return {multiply_floats<V, Numbers::f32>, multiply_floats<V, Numbers::f16>,
          multiply_floats<V, Numbers::bf16>, multiply_as_stored<V>,
          multiply_integers<V, layouts::all[layout]>...};
}

}  // namespace shoal::cpu
