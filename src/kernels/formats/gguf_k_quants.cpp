// GGUF's formats of 256 elements a block: Q2_K, Q3_K, Q4_K, Q5_K, Q6_K. The formulas are those of ggml's
// dequantize_row_* functions.
#include "kernels/formats/families.h"
#include "kernels/formats/group_blocks.h"
#include "kernels/formats/whole_blocks.h"

namespace shoal {
namespace {

// Of two halves of 128 columns, each in 32 bytes: the 2 bits of a column.
int two_bits(const std::byte* quants, int64_t column) {
  return static_cast<uint8_t>(quants[column / 128 * 32 + column % 32]) >> (column % 128 / 32 * 2) & 3;
}

// A block is, for each 16 columns, a scale and a min of 4 bits each; 64 bytes of quants; d and dmin.
void read_q2_k(const std::byte* block, float* columns) {
  const float d = f32_from_f16(load_half(block + 80));
  const float dmin = f32_from_f16(load_half(block + 82));
  for (int64_t column = 0; column < 256; ++column) {
    const auto scale_and_min = static_cast<uint8_t>(block[column / 16]);
    const float scale = d * static_cast<float>(scale_and_min & 15);
    const float min = dmin * static_cast<float>(scale_and_min >> 4);
    columns[column] = scale * static_cast<float>(two_bits(block + 16, column)) - min;
  }
}

// A block is 32 bytes whose bit g is the third bit in group g; 64 bytes of the low 2 bits; 16 scales of 6
// bits, the low 4 of all before the high 2; d.
void read_q3_k(const std::byte* block, float* columns) {
  const float d = f32_from_f16(load_half(block + 108));
  const auto byte = [&](int64_t place) { return static_cast<int>(static_cast<uint8_t>(block[place])); };
  for (int64_t part = 0; part < 16; ++part) {
    const int low = byte(96 + part % 8) >> (part / 8 * 4) & 15;
    const int high = byte(104 + part % 4) >> (part / 4 * 2) & 3;
    const float scale = d * static_cast<float>((low | high << 4) - 32);
    for (int64_t column = 16 * part; column < 16 * part + 16; ++column) {
      const int third_bit = byte(column % 32) >> (column / 32) & 1;
      const int quant = two_bits(block + 32, column) + 4 * third_bit - 4;
      columns[column] = scale * static_cast<float>(quant);
    }
  }
}

// A block is d, dmin, 12 bytes of sub-scales; in Q5_K 32 bytes whose bit g is the fifth bit in group g; then
// 32 bytes for two groups each, the even group in the low halves.
ScaleAndMin unpack_scale_and_min(const std::byte* block, int64_t group) {
  uint8_t packed[12];
  std::memcpy(packed, block + 4, sizeof packed);
  if (group < 4) {
    return {.scale = static_cast<uint8_t>(packed[group] & 63),
            .min = static_cast<uint8_t>(packed[group + 4] & 63)};
  }
  return {.scale = static_cast<uint8_t>((packed[group + 4] & 15) | (packed[group - 4] >> 6 << 4)),
          .min = static_cast<uint8_t>((packed[group + 4] >> 4) | (packed[group] >> 6 << 4))};
}

uint32_t low_bits(const std::byte* quants, int64_t group, int64_t j) {
  return load_word(quants + group / 2 * 32 + 4 * j) >> (group % 2 * 4) & 0x0f0f0f0f;
}

struct Q4_K {
  static constexpr PackedLayout layout = layouts::q4_k;
  static constexpr int64_t scale_offset = 0;
  static constexpr int64_t bias_offset = 2;
  static GroupWords read_group(const std::byte* block, int64_t group) {
    GroupWords words;
    for (int64_t j = 0; j < 8; ++j) words[j] = low_bits(block + 16, group, j);
    return words;
  }
  static ScaleAndMin read_scale_and_min(const std::byte* block, int64_t group) {
    return unpack_scale_and_min(block, group);
  }
};

struct Q5_K {
  static constexpr PackedLayout layout = layouts::q5_k;
  static constexpr int64_t scale_offset = 0;
  static constexpr int64_t bias_offset = 2;
  static GroupWords read_group(const std::byte* block, int64_t group) {
    GroupWords words;
    for (int64_t j = 0; j < 8; ++j) {
      const uint32_t fifth_bits = load_word(block + 16 + 4 * j) >> group & 0x01010101;
      words[j] = low_bits(block + 48, group, j) | fifth_bits << 4;
    }
    return words;
  }
  static ScaleAndMin read_scale_and_min(const std::byte* block, int64_t group) {
    return unpack_scale_and_min(block, group);
  }
};

// A block is two halves of 128 elements, in each 64 bytes of low bits; then 32 bytes of high bits each; then
// 16 sub-scales and d for the whole block.
struct Q6_K {
  static constexpr PackedLayout layout = layouts::q6_k;
  static constexpr int64_t scale_offset = 208;
  static GroupWords read_group(const std::byte* block, int64_t group) {
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
  static int8_t read_signed_scale(const std::byte* block, int64_t group, int64_t half) {
    return static_cast<int8_t>(block[192 + 2 * group + half]);
  }
};

}  // namespace

std::span<const StoredFormat> gguf_k_quant_formats() {
  static const std::array formats = {
      whole_block_format<read_q2_k>(DType::q2_k),
      whole_block_format<read_q3_k>(DType::q3_k),
      block_format<Q4_K>(DType::q4_k),
      block_format<Q5_K>(DType::q5_k),
      block_format<Q6_K>(DType::q6_k),
  };
  return formats;
}

}  // namespace shoal
