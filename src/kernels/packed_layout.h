// The layout of a packed block of an integer format: 16 rows ("lanes") of 1 or 8 groups of 32 columns. It is
// the same for all instruction sets, for decode and for prefill.
//
// clang-format off
// A block is [16 f16 scales d] [16 f16 biases m or dmin, affine formats] [sub-scales of each group] [planes of each group].
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

#include <cstdint>

#include "tensor/dtype.h"

namespace shoal {

enum class SubScales : uint8_t {
  none,
  scale_and_min,  // per group: 16 unsigned bytes of scales, then 16 of mins
  two_signed,     // per group: 16 pairs of signed bytes, for its first and its last 16 columns
};

struct PackedLayout {
  int64_t block_groups;  // groups of 32 columns that share d; 0: not an integer format
  int quant_bits;
  int zero_point;  // what is subtracted from the stored number
  bool affine;
  SubScales sub_scales;

  static constexpr int64_t rows = 16;

  constexpr int64_t biases_offset() const { return rows * 2; }
  constexpr int64_t header_bytes() const { return affine ? rows * 4 : rows * 2; }
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
};

constexpr PackedLayout packed_layout(DType type) {
  constexpr SubScales none = SubScales::none;
  switch (type) {
    case DType::q8_0:
      return {.block_groups = 1, .quant_bits = 8, .zero_point = 0, .affine = false, .sub_scales = none};
    case DType::q4_0:
      return {.block_groups = 1, .quant_bits = 4, .zero_point = 8, .affine = false, .sub_scales = none};
    case DType::q4_1:
      return {.block_groups = 1, .quant_bits = 4, .zero_point = 0, .affine = true, .sub_scales = none};
    case DType::q5_0:
      return {.block_groups = 1, .quant_bits = 5, .zero_point = 16, .affine = false, .sub_scales = none};
    case DType::q5_1:
      return {.block_groups = 1, .quant_bits = 5, .zero_point = 0, .affine = true, .sub_scales = none};
    case DType::q4_k:
      return {.block_groups = 8,
              .quant_bits = 4,
              .zero_point = 0,
              .affine = true,
              .sub_scales = SubScales::scale_and_min};
    case DType::q5_k:
      return {.block_groups = 8,
              .quant_bits = 5,
              .zero_point = 0,
              .affine = true,
              .sub_scales = SubScales::scale_and_min};
    case DType::q6_k:
      return {.block_groups = 8,
              .quant_bits = 6,
              .zero_point = 32,
              .affine = false,
              .sub_scales = SubScales::two_signed};
    case DType::f32:
    case DType::f16:
    case DType::bf16:
    case DType::f64:
    case DType::i8:
    case DType::i16:
    case DType::i32:
    case DType::i64:
    case DType::u8:
    case DType::u16:
    case DType::u32:
    case DType::u64:
    case DType::boolean: break;
  }
  return {};
}

// A block of a float format is [columns, 16] elements.
constexpr bool is_float_weight(DType type) {
  return type == DType::f32 || type == DType::f16 || type == DType::bf16;
}

}  // namespace shoal
