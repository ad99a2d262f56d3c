// GGUF's formats of 32 elements a block: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1. The formulas are those of ggml's
// dequantize_row_* functions.
#include "kernels/formats/families.h"
#include "kernels/formats/group_blocks.h"

namespace shoal {
namespace {

// 16 bytes, whose low halves are elements 0 … 15 and whose high halves are 16 … 31.
GroupWords split_halves(const std::byte* quants) {
  GroupWords words;
  for (int64_t j = 0; j < 4; ++j) {
    const uint32_t word = load_word(quants + 4 * j);
    words[j] = word & 0x0f0f0f0f;
    words[j + 4] = word >> 4 & 0x0f0f0f0f;
  }
  return words;
}

// Sets bit 4 of value k to bit k of `bits`.
void add_fifth_bits(GroupWords& words, uint32_t bits) {
  for (int64_t j = 0; j < 8; ++j) {
    const uint32_t four = bits >> (4 * j) & 15;
    words[j] |= (four * 0x00204081 & 0x01010101) << 4;
  }
}

// A block is d, in affine formats m, both f16; in those of 5 bits the 32 fifth bits; then the quants.
struct Q8_0 {
  static constexpr PackedLayout layout = layouts::q8_0;
  static constexpr int64_t scale_offset = 0;
  static GroupWords read_group(const std::byte* block, int64_t /*group*/) {
    GroupWords words;
    std::memcpy(words.data(), block + 2, 32);
    return words;
  }
};

struct Q4_0 {
  static constexpr PackedLayout layout = layouts::q4_0;
  static constexpr int64_t scale_offset = 0;
  static GroupWords read_group(const std::byte* block, int64_t /*group*/) { return split_halves(block + 2); }
};

struct Q4_1 {
  static constexpr PackedLayout layout = layouts::q4_1;
  static constexpr int64_t scale_offset = 0;
  static constexpr int64_t bias_offset = 2;
  static GroupWords read_group(const std::byte* block, int64_t /*group*/) { return split_halves(block + 4); }
};

struct Q5_0 {
  static constexpr PackedLayout layout = layouts::q5_0;
  static constexpr int64_t scale_offset = 0;
  static GroupWords read_group(const std::byte* block, int64_t /*group*/) {
    GroupWords words = split_halves(block + 6);
    add_fifth_bits(words, load_word(block + 2));
    return words;
  }
};

struct Q5_1 {
  static constexpr PackedLayout layout = layouts::q5_1;
  static constexpr int64_t scale_offset = 0;
  static constexpr int64_t bias_offset = 2;
  static GroupWords read_group(const std::byte* block, int64_t /*group*/) {
    GroupWords words = split_halves(block + 8);
    add_fifth_bits(words, load_word(block + 4));
    return words;
  }
};

}  // namespace

std::span<const StoredFormat> gguf_legacy_formats() {
  static const std::array formats = {
      block_format<Q8_0>(DType::q8_0), block_format<Q4_0>(DType::q4_0), block_format<Q4_1>(DType::q4_1),
      block_format<Q5_0>(DType::q5_0), block_format<Q5_1>(DType::q5_1),
  };
  return formats;
}

}  // namespace shoal
