// Repeatable random data for this module's tests.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "kernels/formats/stored_format.h"
#include "kernels/half.h"

namespace shoal::test {

using Generator = std::mt19937;

inline std::vector<float> random_floats(Generator& generator, int64_t count, float magnitude) {
  std::vector<float> values(count);
  std::normal_distribution<float> normal(0.0F, magnitude);
  for (float& value : values) value = normal(generator);
  return values;
}

// A finite f16: one in eight is subnormal, the others go up to about 2 in magnitude.
inline uint16_t random_half(Generator& generator) {
  const uint32_t bits = generator();
  const uint32_t sign = bits & 0x8000;
  if ((bits >> 16 & 7) == 0) return static_cast<uint16_t>(sign | (bits & 0x3ff));
  return static_cast<uint16_t>(sign | ((bits & 0x7fff) % 0x4000));
}

// Finite numbers of the kind; their magnitudes are mostly about 1.
inline void fill_scales(Generator& generator, ScaleKind kind, std::span<std::byte> bytes) {
  const int64_t size = scale_bytes(kind);
  for (int64_t i = 0; i < std::ssize(bytes); i += size) {
    const float value = static_cast<float>(static_cast<int32_t>(generator())) * 0x1p-31F;
    uint32_t number = std::bit_cast<uint32_t>(value);
    if (kind == ScaleKind::f16) number = random_half(generator);
    if (kind == ScaleKind::bf16) number >>= 16;
    if (kind == ScaleKind::e8m0) number = 107 + generator() % 40;
    if (kind == ScaleKind::e4m3) number = generator() % 2 * 128 + generator() % 127;
    std::memcpy(bytes.data() + i, &number, static_cast<size_t>(size));
  }
}

// Where a file's block of integers has its f16 factors: d and, in affine formats, m or dmin.
inline std::vector<int64_t> factor_places(const StoredFormat& format) {
  if (format.block_bytes[1] > 0) return {};
  if (format.type == DType::q6_k) return {208};
  return format.packed.layout.affine ? std::vector<int64_t>{0, 2} : std::vector<int64_t>{0};
}

// Makes every bit of a block random, but so that its values are finite and their sums are, too.
inline void fill_block(Generator& generator, const StoredFormat& format, std::span<std::byte> block) {
  std::vector<float> values(format.block_columns);
  const auto is_moderate = [](float value) { return std::abs(value) < 0x1p60F; };
  do {
    for (std::byte& byte : block) byte = static_cast<std::byte>(generator());
    format.dequantize(format, {block}, values);
  } while (!std::ranges::all_of(values, is_moderate));
}

// Rows as files have them.
struct StoredRows {
  std::array<std::vector<std::byte>, stored_tensors> tensors;

  StoredBytes bytes() const { return {tensors[0], tensors[1], tensors[2]}; }
};

// Every bit is random, but the factors and the plain numbers are finite.
inline StoredRows random_rows(Generator& generator, const StoredFormat& format, int64_t rows,
                              int64_t columns) {
  StoredRows result;
  for (int64_t tensor = 0; tensor < stored_tensors; ++tensor) {
    result.tensors[tensor].resize(rows * format.row_bytes(tensor, columns));
    if (tensor > 0) fill_scales(generator, format.packed.layout.scales, result.tensors[tensor]);
  }
  std::vector<std::byte>& bytes = result.tensors[0];
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(generator());
  if (format.type == DType::f32) {
    const std::vector<float> values = random_floats(generator, rows * columns, 1.0F);
    std::memcpy(bytes.data(), values.data(), bytes.size());
  } else if (format.type == DType::f16) {
    fill_scales(generator, ScaleKind::f16, bytes);
  } else if (format.type == DType::bf16) {
    fill_scales(generator, ScaleKind::bf16, bytes);
  } else if (format.pack == nullptr && format.type) {
    for (int64_t i = 0; i < std::ssize(bytes); i += format.block_bytes[0]) {
      fill_block(generator, format, std::span(bytes).subspan(i, format.block_bytes[0]));
    }
  } else {
    for (const int64_t place : factor_places(format)) {
      for (int64_t i = 0; i < std::ssize(bytes); i += format.block_bytes[0])
        fill_scales(generator, ScaleKind::f16, std::span(bytes).subspan(i + place, 2));
    }
  }
  return result;
}

}  // namespace shoal::test
