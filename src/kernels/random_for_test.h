// Repeatable random data for this module's tests.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/gguf_blocks.h"
#include "kernels/half.h"
#include "kernels/packed_layout.h"

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

// Rows of blocks as a file has them; every bit is random, but the f16 scales are finite.
inline std::vector<std::byte> random_rows(Generator& generator, DType type, int64_t rows, int64_t columns) {
  std::vector<std::byte> bytes(rows * *bytes_of(type, columns));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(generator());
  const auto store_half = [&](int64_t offset, uint16_t half) {
    std::memcpy(&bytes[offset], &half, sizeof half);
  };
  const auto size = static_cast<int64_t>(bytes.size());
  if (type == DType::f32) {
    const std::vector<float> values = random_floats(generator, rows * columns, 1.0F);
    std::memcpy(bytes.data(), values.data(), bytes.size());
  } else if (type == DType::f16) {
    for (int64_t i = 0; i < size; i += 2) store_half(i, random_half(generator));
  } else if (type == DType::bf16) {
    for (int64_t i = 0; i < size; i += 2) {
      const auto value = static_cast<float>(static_cast<int32_t>(generator())) * 0x1p-31F;
      store_half(i, static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16));
    }
  } else {
    for (int64_t i = 0; i < size; i += dtype_info(type).block_bytes) {
      store_half(i + file_scale_offset(type), random_half(generator));
      if (packed_layout(type).affine) store_half(i + file_bias_offset, random_half(generator));
    }
  }
  return bytes;
}

inline constexpr DType weight_formats[] = {DType::f32,  DType::f16,  DType::bf16, DType::q8_0,
                                           DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1,
                                           DType::q4_k, DType::q5_k, DType::q6_k};

}  // namespace shoal::test
