// Reads the blocks of GGUF's integer formats as they are in a file: one group of 32 elements at a time, in
// element order. The formulas are those of ggml's dequantize_row_* functions.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "tensor/dtype.h"

namespace shoal {

static_assert(std::endian::native == std::endian::little, "files and packed weights are read as they lie");

// Value k of the group is byte k % 4 of word k / 4; unsigned, but signed for Q8_0.
using GroupWords = std::array<uint32_t, 8>;

inline uint32_t load_word(const std::byte* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

inline uint16_t load_half(const std::byte* bytes) {
  uint16_t half;
  std::memcpy(&half, bytes, sizeof half);
  return half;
}

// Q4_0, Q4_1, Q5_0, Q5_1 have 16 bytes whose low halves are elements 0 … 15 and whose high halves are 16 …
// 31.
inline GroupWords split_halves(const std::byte* quants) {
  GroupWords words;
  for (int64_t j = 0; j < 4; ++j) {
    const uint32_t word = load_word(quants + 4 * j);
    words[j] = word & 0x0f0f0f0f;
    words[j + 4] = word >> 4 & 0x0f0f0f0f;
  }
  return words;
}

// Sets bit 4 of value k to bit k of `bits`.
inline void add_fifth_bits(GroupWords& words, uint32_t bits) {
  for (int64_t j = 0; j < 8; ++j) {
    const uint32_t four = bits >> (4 * j) & 15;
    words[j] |= (four * 0x00204081 & 0x01010101) << 4;
  }
}

template <DType type>
GroupWords read_group(const std::byte* block, int64_t group) {
  if constexpr (type == DType::q8_0) {
    GroupWords words;
    std::memcpy(words.data(), block + 2, 32);
    return words;
  } else if constexpr (type == DType::q4_0) {  // d, quants
    return split_halves(block + 2);
  } else if constexpr (type == DType::q4_1) {  // d, m, quants
    return split_halves(block + 4);
  } else if constexpr (type == DType::q5_0) {  // d, fifth bits, quants
    GroupWords words = split_halves(block + 6);
    add_fifth_bits(words, load_word(block + 2));
    return words;
  } else if constexpr (type == DType::q5_1) {  // d, m, fifth bits, quants
    GroupWords words = split_halves(block + 8);
    add_fifth_bits(words, load_word(block + 4));
    return words;
  } else if constexpr (type == DType::q4_k || type == DType::q5_k) {
    // Block: d, dmin, 12 bytes of sub-scales; for Q5_K 32 bytes whose bit g is the fifth bit in group g; then
    // 32 bytes for two groups each, the even group in the low halves.
    const std::byte* high = block + 16;
    const std::byte* quants = block + (type == DType::q5_k ? 48 : 16) + group / 2 * 32;
    GroupWords words;
    for (int64_t j = 0; j < 8; ++j) {
      words[j] = load_word(quants + 4 * j) >> (group % 2 * 4) & 0x0f0f0f0f;
      if constexpr (type == DType::q5_k) words[j] |= (load_word(high + 4 * j) >> group & 0x01010101) << 4;
    }
    return words;
  } else {
    static_assert(type == DType::q6_k);
    // Block: two halves of 128 elements, in each 64 bytes of low bits; then 32 bytes of high bits each; then
    // 16 sub-scales and d for the whole block.
    const int64_t part = group % 4;
    const std::byte* low = block + group / 4 * 64 + part % 2 * 32;
    const std::byte* high = block + 128 + group / 4 * 32;
    GroupWords words;
    for (int64_t j = 0; j < 8; ++j) {
      words[j] = (load_word(low + 4 * j) >> (part / 2 * 4) & 0x0f0f0f0f) |
                 (load_word(high + 4 * j) >> (part * 2) & 0x03030303) << 4;
    }
    return words;
  }
}

// Where a file's block has its scale d and, in affine formats, its bias m or dmin; both are f16.
constexpr int64_t file_scale_offset(DType type) { return type == DType::q6_k ? 208 : 0; }
inline constexpr int64_t file_bias_offset = 2;

// The scale and min of one group of a Q4_K or Q5_K block, 6 bits each.
struct ScaleAndMin {
  uint8_t scale;
  uint8_t min;
};
inline ScaleAndMin read_scale_and_min(const std::byte* block, int64_t group) {
  uint8_t packed[12];
  std::memcpy(packed, block + 4, sizeof packed);
  if (group < 4) {
    return {.scale = static_cast<uint8_t>(packed[group] & 63),
            .min = static_cast<uint8_t>(packed[group + 4] & 63)};
  }
  return {.scale = static_cast<uint8_t>((packed[group + 4] & 15) | (packed[group - 4] >> 6 << 4)),
          .min = static_cast<uint8_t>((packed[group + 4] >> 4) | (packed[group] >> 6 << 4))};
}

// The signed scale in a Q6_K block of elements 32·group + 16·half and the 15 after it.
inline int8_t read_signed_scale(const std::byte* block, int64_t group, int64_t half) {
  return static_cast<int8_t>(block[192 + 2 * group + half]);
}

// Calls function.template operator()<type>() for an integer weight format.
template <class Function>
void with_integer_format(DType type, Function function) {
  switch (type) {
    case DType::q8_0: return function.template operator()<DType::q8_0>();
    case DType::q4_0: return function.template operator()<DType::q4_0>();
    case DType::q4_1: return function.template operator()<DType::q4_1>();
    case DType::q5_0: return function.template operator()<DType::q5_0>();
    case DType::q5_1: return function.template operator()<DType::q5_1>();
    case DType::q4_k: return function.template operator()<DType::q4_k>();
    case DType::q5_k: return function.template operator()<DType::q5_k>();
    case DType::q6_k: return function.template operator()<DType::q6_k>();
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
}

}  // namespace shoal
