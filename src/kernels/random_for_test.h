// Repeatable random data for this module's tests.
#pragma once

#include <algorithm>
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

// Where a file's block of integers has its f16 factors: d and, in affine formats, m or dmin.
inline std::vector<int64_t> factor_places(const StoredFormat& format) {
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

// Rows as a file has them; every bit is random, but the factors and the plain numbers are finite.
inline std::vector<std::byte> random_rows(Generator& generator, const StoredFormat& format, int64_t rows,
                                          int64_t columns) {
  std::vector<std::byte> bytes(rows * format.row_bytes(0, columns));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(generator());
  const auto store_half = [&](int64_t offset, uint16_t half) {
    std::memcpy(&bytes[offset], &half, sizeof half);
  };
  const auto size = static_cast<int64_t>(bytes.size());
  if (format.type == DType::f32) {
    const std::vector<float> values = random_floats(generator, rows * columns, 1.0F);
    std::memcpy(bytes.data(), values.data(), bytes.size());
  } else if (format.type == DType::f16) {
    for (int64_t i = 0; i < size; i += 2) store_half(i, random_half(generator));
  } else if (format.type == DType::bf16) {
    for (int64_t i = 0; i < size; i += 2) {
      const auto value = static_cast<float>(static_cast<int32_t>(generator())) * 0x1p-31F;
      store_half(i, static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16));
    }
  } else if (format.pack == nullptr) {
    for (int64_t i = 0; i < size; i += format.block_bytes[0]) {
      fill_block(generator, format, std::span(bytes).subspan(i, format.block_bytes[0]));
    }
  } else {
    for (int64_t i = 0; i < size; i += format.block_bytes[0]) {
      for (const int64_t place : factor_places(format)) store_half(i + place, random_half(generator));
    }
  }
  return bytes;
}

}  // namespace shoal::test
