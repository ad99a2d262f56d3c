// The layout of a packed block of an integer format: 16 rows ("lanes") of 1 or 8 groups of 32 columns. It is
// the same for all instruction sets, for decode and for prefill.
//
// clang-format off
// A block is [16 scales d] [16 biases m or dmin, affine formats] [sub-scales of each group] [planes of each group].
// The planes of a group, in vectors of 64 bytes in which 4-byte word r belongs to row r:
//
//   bits  vectors  what byte b of a row's word in vector j holds
//   8     8        column 4j+b, signed
//   4     4        column 8j+b in its low half, column 8j+4+b in its high half
//   5     4 + 1    the low 4 bits as above; then one vector of the fifth bits: column 4j+b is bit j of byte b
//   6     4 + 2    the low 4 bits as above; then two of the high 2 bits: vector h has column 16h+4j+b in bits 2j and 2j+1 of byte b
//
// So `and` and `shift, and` give what the dot-product instructions take with 4 activation bytes broadcast.
// clang-format on
#pragma once

#include <array>
#include <cstdint>

#include "kernels/scale_kind.h"

namespace shoal {

enum class SubScales : uint8_t {
  none,
  scale_and_min,  // per group: 16 unsigned bytes of scales, then 16 of mins
  two_signed,     // per group: 16 pairs of signed bytes, for its first and its last 16 columns
};

struct PackedLayout {
  int64_t block_groups = 0;  // groups of 32 columns that share d
  int quant_bits = 0;
  int zero_point = 0;  // what is subtracted from the stored number
  bool affine = false;
  SubScales sub_scales = SubScales::none;
  ScaleKind scales = ScaleKind::f16;  // of d, m and dmin

  static constexpr int64_t rows = 16;

  constexpr int64_t biases_offset() const { return rows * scale_bytes(scales); }
  constexpr int64_t header_bytes() const { return affine ? 2 * biases_offset() : biases_offset(); }
  constexpr int64_t sub_scale_bytes() const { return sub_scales == SubScales::none ? 0 : rows * 2; }
  constexpr int64_t sub_scales_offset(int64_t group) const {
    return header_bytes() + group * sub_scale_bytes();
  }
  // In a group's planes, behind the low 4 bits.
  constexpr int64_t high_plane_offset() const { return rows * 16; }
  constexpr int64_t planes_bytes() const { return rows * 4 * quant_bits; }
  constexpr int64_t planes_offset(int64_t group) const {
    return sub_scales_offset(block_groups) + group * planes_bytes();
  }
  constexpr int64_t block_bytes() const { return planes_offset(block_groups); }
  constexpr int64_t block_columns() const { return block_groups * 32; }

  bool operator==(const PackedLayout&) const = default;
};

// Each is named after the GGUF format that it is enough for.
namespace layouts {

inline constexpr PackedLayout q8_0 = {.block_groups = 1, .quant_bits = 8};
inline constexpr PackedLayout q4_0 = {.block_groups = 1, .quant_bits = 4, .zero_point = 8};
inline constexpr PackedLayout q4_1 = {.block_groups = 1, .quant_bits = 4, .affine = true};
inline constexpr PackedLayout q5_0 = {.block_groups = 1, .quant_bits = 5, .zero_point = 16};
inline constexpr PackedLayout q5_1 = {.block_groups = 1, .quant_bits = 5, .affine = true};
inline constexpr PackedLayout q4_k = {
    .block_groups = 8, .quant_bits = 4, .affine = true, .sub_scales = SubScales::scale_and_min};
inline constexpr PackedLayout q5_k = {
    .block_groups = 8, .quant_bits = 5, .affine = true, .sub_scales = SubScales::scale_and_min};
inline constexpr PackedLayout q6_k = {
    .block_groups = 8, .quant_bits = 6, .zero_point = 32, .sub_scales = SubScales::two_signed};

// All of them: the matmuls of an instruction set are compiled for each.
inline constexpr std::array all = {q8_0, q4_0, q4_1, q5_0, q5_1, q4_k, q5_k, q6_k};

}  // namespace layouts

}  // namespace shoal
