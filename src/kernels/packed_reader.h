// Reads single numbers and factors of a packed block, for plain loops.
#pragma once

#include <array>

#include "kernels/packed_layout.h"

namespace shoal {

// The 32 quants of one row of a group, with the zero point subtracted.
inline std::array<int32_t, 32> read_packed_quants(const PackedLayout& layout, const std::byte* block,
                                                  int64_t group, int64_t lane) {
  const std::byte* planes = block + layout.planes_offset(group) + 4 * lane;
  const std::byte* high = planes + layout.high_plane_offset();
  std::array<int32_t, 32> quants;
  for (int64_t k = 0; k < 32; ++k) {
    const int64_t byte = k % 4;
    if (layout.quant_bits == 8) {
      quants[k] = static_cast<int8_t>(planes[k / 4 * 64 + byte]);
      continue;
    }
    int32_t quant = static_cast<int32_t>(planes[k / 8 * 64 + byte]) >> (k / 4 % 2 * 4) & 15;
    if (layout.quant_bits == 5) quant |= (static_cast<int32_t>(high[byte]) >> (k / 4) & 1) << 4;
    if (layout.quant_bits == 6)
      quant |= (static_cast<int32_t>(high[k / 16 * 64 + byte]) >> (k / 4 % 4 * 2) & 3) << 4;
    quants[k] = quant - layout.zero_point;
  }
  return quants;
}

// The float factors of one row of a group. scale is d, or d · sub-scale; bias is m, or -(dmin · min). Float32
// holds all of these exactly.
struct PackedFactors {
  float scale;
  float bias;
  std::array<int32_t, 2> halves;  // integer factors of the first and last 16 columns
};

inline PackedFactors read_packed_factors(const PackedLayout& layout, const std::byte* block, int64_t group,
                                         int64_t lane) {
  const int64_t place = scale_bytes(layout.scales) * lane;
  PackedFactors factors{.scale = read_scale(layout.scales, block + place), .bias = 0, .halves = {1, 1}};
  if (layout.affine) factors.bias = read_scale(layout.scales, block + layout.biases_offset() + place);
  const std::byte* sub_scales = block + layout.sub_scales_offset(group);
  if (layout.sub_scales == SubScales::scale_and_min) {
    factors.scale *= static_cast<float>(static_cast<uint8_t>(sub_scales[lane]));
    factors.bias *= -static_cast<float>(static_cast<uint8_t>(sub_scales[layout.rows + lane]));
  }
  if (layout.sub_scales == SubScales::two_signed) {
    factors.halves = {static_cast<int8_t>(sub_scales[2 * lane]),
                      static_cast<int8_t>(sub_scales[2 * lane + 1])};
  }
  return factors;
}

}  // namespace shoal
