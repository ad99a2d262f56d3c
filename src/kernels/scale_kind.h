// The number types of scales (and of biases) in quantised weights. Float32 holds all of their values exactly.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "kernels/half.h"
#include "kernels/load_bytes.h"

namespace shoal {

enum class ScaleKind : uint8_t {
  f16,
  bf16,
  f32,
  e8m0,  // 2^(byte - 127); 255 is no number
  e4m3,  // sign, 4 bits of exponent with bias 7, 3 of mantissa; no infinity, 0x7f and 0xff are no numbers
};

constexpr int64_t scale_bytes(ScaleKind kind) {
  switch (kind) {
    case ScaleKind::f16:
    case ScaleKind::bf16: return 2;
    case ScaleKind::f32: return 4;
    case ScaleKind::e8m0:
    case ScaleKind::e4m3: return 1;
  }
  std::unreachable();
}

inline float f32_from_e8m0(uint8_t bits) {
  if (bits == 255) return std::numeric_limits<float>::quiet_NaN();
  return std::bit_cast<float>(bits == 0 ? 0x00400000U : static_cast<uint32_t>(bits) << 23);
}

// Its bits are those of an f16 of a 256th of the value.
inline float f32_from_e4m3(uint8_t bits) {
  if ((bits & 0x7f) == 0x7f) return std::numeric_limits<float>::quiet_NaN();
  return f32_from_f16(static_cast<uint16_t>((bits & 0x80) << 8 | (bits & 0x7f) << 7)) * 256.0F;
}

inline float read_scale(ScaleKind kind, const std::byte* bytes) {
  switch (kind) {
    case ScaleKind::f16: return f32_from_f16(load_half(bytes));
    case ScaleKind::bf16: return f32_from_bf16(load_half(bytes));
    case ScaleKind::f32: return std::bit_cast<float>(load_word(bytes));
    case ScaleKind::e8m0: return f32_from_e8m0(static_cast<uint8_t>(*bytes));
    case ScaleKind::e4m3: return f32_from_e4m3(static_cast<uint8_t>(*bytes));
  }
  std::unreachable();
}

// False when one of them is infinite or no number.
inline bool are_finite(ScaleKind kind, std::span<const std::byte> scales) {
  const int64_t size = scale_bytes(kind);
  bool all = true;
  for (int64_t i = 0; i < std::ssize(scales); i += size)
    all &= std::isfinite(read_scale(kind, scales.data() + i));
  return all;
}

}  // namespace shoal
