// MLX's affine formats: 2, 3, 4, 5, 6 or 8 bits in groups of 32, 64 or 128 columns. A matrix is three
// tensors: numbers, scales and biases; a weight is scale · number + bias. A row of numbers is one stream of
// bits, lowest first, so 32 of them are as many words as a number has bits.
#include "kernels/formats/mlx_affine.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/formats/families.h"
#include "kernels/formats/group_blocks.h"

namespace shoal {
namespace {

// The first four of a stream of numbers, as four bytes.
template <int bits>
uint32_t first_four(uint32_t stream) {
  constexpr uint32_t two_numbers = (1U << 2 * bits) - 1;
  constexpr uint32_t number = ((1U << bits) - 1) * 0x10001;
  const uint32_t pairs = (stream & two_numbers) | (stream >> 2 * bits & two_numbers) << 16;
  return (pairs & number) | (pairs >> bits & number) << 8;
}

template <int bits>
GroupWords read_numbers(const std::byte* group) {
  std::array<uint32_t, bits + 1> stream = {};  // the last word is only looked at
  std::memcpy(stream.data(), group, 4 * bits);
  GroupWords words;
#pragma GCC unroll 8  // shifts and places by constants
  for (size_t j = 0; j < 8; ++j) {
    const size_t bit = 4 * bits * j;
    const uint64_t two_words = stream[bit / 32] | static_cast<uint64_t>(stream[bit / 32 + 1]) << 32;
    words[j] = first_four<bits>(static_cast<uint32_t>(two_words >> bit % 32));
  }
  return words;
}

template <int bits>
void dequantize_affine(const StoredFormat& format, const StoredBytes& blocks, std::span<float> target) {
  const ScaleKind kind = format.packed.layout.scales;
  const int64_t size = scale_bytes(kind);
  for (int64_t column = 0; column < std::ssize(target); column += 32) {
    const GroupWords words = read_numbers<bits>(blocks[0].data() + column / 32 * 4 * bits);
    const int64_t place = column / format.block_columns * size;
    const float scale = read_scale(kind, blocks[1].data() + place);
    const float bias = read_scale(kind, blocks[2].data() + place);
    for (int64_t k = 0; k < 32; ++k) {
      const float number = static_cast<float>(words[k / 4] >> (k % 4 * 8) & 255);
      target[column + k] = scale * number + bias;
    }
  }
}

struct FactorKind {
  DType type;
  ScaleKind kind;
};
constexpr std::array factor_kinds = {FactorKind{DType::f16, ScaleKind::f16},
                                     FactorKind{DType::bf16, ScaleKind::bf16},
                                     FactorKind{DType::f32, ScaleKind::f32}};

constexpr std::array<int64_t, 3> group_sizes = {32, 64, 128};

template <int bits>
void add_formats(std::vector<std::string>& names, std::vector<StoredFormat>& formats) {
  for (const int64_t group : group_sizes) {
    for (const FactorKind& factors : factor_kinds) {
      names.push_back(fmt::format("MLX {} bit, group {}, {}", bits, group, dtype_info(factors.type).name));
      const PackedLayout layout{
          .block_groups = group / 32, .quant_bits = bits, .affine = true, .scales = factors.kind};
      const int64_t factor_bytes = scale_bytes(factors.kind);
      formats.push_back({.name = names.back(),
                         .type = std::nullopt,
                         .block_columns = group,
                         .block_bytes = {group / 8 * bits, factor_bytes, factor_bytes},
                         .dequantize = dequantize_affine<bits>,
                         .packed = {.numbers = Numbers::integers, .layout = layout}});
    }
  }
}

}  // namespace

std::span<const StoredFormat> mlx_affine_formats() {
  static std::vector<std::string> names;
  static const std::vector<StoredFormat> formats = [] {
    names.reserve(6 * group_sizes.size() * factor_kinds.size());  // the formats hold views of them
    std::vector<StoredFormat> all;
    add_formats<2>(names, all);
    add_formats<3>(names, all);
    add_formats<4>(names, all);
    add_formats<5>(names, all);
    add_formats<6>(names, all);
    add_formats<8>(names, all);
    return all;
  }();
  return formats;
}

const StoredFormat* find_mlx_affine(int64_t bits, int64_t group, DType factors) {
  const auto kind = std::ranges::find(factor_kinds, factors, &FactorKind::type);
  if (kind == factor_kinds.end()) return nullptr;
  const int64_t factor_bytes = scale_bytes(kind->kind);
  const std::span<const StoredFormat> formats = stored_formats();
  const auto format = std::ranges::find_if(formats, [&](const StoredFormat& one) {
    return one.block_columns == group && one.packed.layout.scales == kind->kind &&
           one.block_bytes == std::array{bits * group / 8, factor_bytes, factor_bytes};
  });
  return format == formats.end() ? nullptr : &*format;
}

}  // namespace shoal
