// Dequantises and packs the formats whose blocks hold groups of 32 columns with all of their factors, as
// GGUF's do. `Block` says how one block of a file is read:
//   layout                               what it is packed into
//   scale_offset, bias_offset            where d and, in affine formats, m or dmin are
//   read_group(block, group)             the numbers of a group
//   read_scale_and_min(block, group)     with SubScales::scale_and_min: the group's, 6 bits each
//   read_signed_scale(block, group, half)  with SubScales::two_signed: that of half a group
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "kernels/formats/stored_format.h"
#include "kernels/load_bytes.h"

namespace shoal {

// Value k of a group is byte k % 4 of word k / 4; unsigned, but signed in formats of 8 bits.
using GroupWords = std::array<uint32_t, 8>;

struct ScaleAndMin {
  uint8_t scale;
  uint8_t min;
};

// Computes scale · (quant - zero point) + bias; a K-quant's scale is d · sub-scale and its bias -dmin · min.
// Only the last addition rounds.
template <class Block>
void dequantize_group(const std::byte* block, int64_t group, float* target) {
  constexpr PackedLayout layout = Block::layout;
  const GroupWords words = Block::read_group(block, group);
  const float d = read_scale(layout.scales, block + Block::scale_offset);
  for (int64_t k = 0; k < 32; ++k) {
    const auto byte = static_cast<uint8_t>(words[k / 4] >> (k % 4 * 8));
    const int quant = layout.quant_bits == 8 ? static_cast<int8_t>(byte) : byte - layout.zero_point;
    float scale = d;
    if constexpr (layout.sub_scales == SubScales::two_signed) {
      scale *= static_cast<float>(Block::read_signed_scale(block, group, k / 16));
    }
    if constexpr (layout.sub_scales == SubScales::scale_and_min) {
      scale *= static_cast<float>(Block::read_scale_and_min(block, group).scale);
    }
    target[k] = scale * static_cast<float>(quant);
    if constexpr (layout.affine) {
      float bias = read_scale(layout.scales, block + Block::bias_offset);
      if constexpr (layout.sub_scales == SubScales::scale_and_min) {
        bias *= -static_cast<float>(Block::read_scale_and_min(block, group).min);
      }
      target[k] += bias;
    }
  }
}

template <class Block>
void dequantize_blocks(const StoredFormat& format, const StoredBytes& blocks, std::span<float> target) {
  constexpr int64_t groups = Block::layout.block_groups;
  const int64_t block_bytes = format.block_bytes[0];
  const int64_t group_count = std::ssize(target) / 32;
  for (int64_t i = 0; i < group_count; ++i) {
    dequantize_group<Block>(blocks[0].data() + i / groups * block_bytes, i % groups, target.data() + i * 32);
  }
}

inline void store_word(std::byte* target, uint32_t word) { std::memcpy(target, &word, sizeof word); }

// Stores the planes of one row of a group; `planes` points at the row's word in the first vector.
// packed_layout.h defines them.
template <int quant_bits>
void store_planes(const GroupWords& words, std::byte* planes) {
  if constexpr (quant_bits == 8) {
    for (int64_t j = 0; j < 8; ++j) store_word(planes + 64 * j, words[j]);
    return;
  }
  for (int64_t j = 0; j < 4; ++j) {
    store_word(planes + 64 * j, (words[2 * j] & 0x0f0f0f0f) | (words[2 * j + 1] & 0x0f0f0f0f) << 4);
  }
  std::byte* high = planes + PackedLayout{}.high_plane_offset();
  if constexpr (quant_bits == 5) {
    uint32_t bits = 0;
    for (int64_t j = 0; j < 8; ++j) bits |= (words[j] >> 4 & 0x01010101) << j;
    store_word(high, bits);
  }
  if constexpr (quant_bits == 6) {
    for (int64_t h = 0; h < 2; ++h) {
      uint32_t bits = 0;
      for (int64_t j = 0; j < 4; ++j) bits |= (words[4 * h + j] >> 4 & 0x03030303) << (2 * j);
      store_word(high + 64 * h, bits);
    }
  }
}

// Packs one block of a row, as the file has it, into lane `lane` of a packed block.
template <class Block>
void pack_block(const std::byte* source, int64_t lane, std::byte* packed) {
  constexpr PackedLayout layout = Block::layout;
  constexpr int64_t size = scale_bytes(layout.scales);
  std::memcpy(packed + size * lane, source + Block::scale_offset, size);
  if constexpr (layout.affine) {
    std::memcpy(packed + layout.biases_offset() + size * lane, source + Block::bias_offset, size);
  }
#pragma GCC unroll 8  // shifts and places by constants
  for (int64_t group = 0; group < layout.block_groups; ++group) {
    std::byte* sub_scales = packed + layout.sub_scales_offset(group);
    if constexpr (layout.sub_scales == SubScales::scale_and_min) {
      const ScaleAndMin pair = Block::read_scale_and_min(source, group);
      sub_scales[lane] = static_cast<std::byte>(pair.scale);
      sub_scales[layout.rows + lane] = static_cast<std::byte>(pair.min);
    }
    if constexpr (layout.sub_scales == SubScales::two_signed) {
      sub_scales[2 * lane] = static_cast<std::byte>(Block::read_signed_scale(source, group, 0));
      sub_scales[2 * lane + 1] = static_cast<std::byte>(Block::read_signed_scale(source, group, 1));
    }
    store_planes<layout.quant_bits>(Block::read_group(source, group),
                                    packed + layout.planes_offset(group) + 4 * lane);
  }
}

// The processor's own prefetching does not follow 16 streams when each step is a few cache lines: unrolling
// the groups and prefetching the next block packs Q4_K at 6.5 instead of 1.3 GB/s on a Zen 4, and Q6_K at 4.2
// instead of 2.0.
template <class Block>
void pack_blocks(const StoredFormat& format, const StoredBytes& rows, int64_t columns, std::byte* packed) {
  const std::span<const std::byte> source = rows[0];
  const int64_t row_bytes = format.row_bytes(0, columns);
  const int64_t block_bytes = format.block_bytes[0];
  const int64_t lanes = std::ssize(source) / row_bytes;
  for (int64_t offset = 0; offset < row_bytes; offset += block_bytes) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const std::byte* block = source.data() + lane * row_bytes + offset;
      if constexpr (Block::layout.block_groups > 1) {
        for (int64_t i = 0; i < block_bytes; i += 64) __builtin_prefetch(block + block_bytes + i);
      }
      pack_block<Block>(block, lane, packed);
    }
    packed += Block::layout.block_bytes();
  }
}

// The entry of a format of one tensor, whose sizes are those of its type.
template <class Block>
StoredFormat block_format(DType type) {
  const DTypeInfo& info = dtype_info(type);
  return {.name = info.name,
          .type = type,
          .block_columns = info.block_elements,
          .block_bytes = {info.block_bytes},
          .dequantize = dequantize_blocks<Block>,
          .packed = {.numbers = Numbers::integers, .layout = Block::layout},
          .pack = pack_blocks<Block>};
}

}  // namespace shoal
