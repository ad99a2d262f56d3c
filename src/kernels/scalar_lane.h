// One float as a lane type of math_lanes.h.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/math_lanes.h"

namespace shoal {

struct ScalarInt {
  int32_t value;
  explicit ScalarInt(int32_t v) : value(v) {}
};

struct ScalarFloat {
  using Int = ScalarInt;
  float value;
  explicit ScalarFloat(float v) : value(v) {}
};

// Arithmetic wraps around in two's complement, as that of vectors does.
inline uint32_t wrapping(ScalarInt a) { return static_cast<uint32_t>(a.value); }
inline ScalarInt wrapped(uint32_t value) { return ScalarInt(static_cast<int32_t>(value)); }

inline ScalarInt operator+(ScalarInt a, ScalarInt b) { return wrapped(wrapping(a) + wrapping(b)); }
inline ScalarInt operator-(ScalarInt a, ScalarInt b) { return wrapped(wrapping(a) - wrapping(b)); }
inline ScalarInt operator&(ScalarInt a, ScalarInt b) { return wrapped(wrapping(a) & wrapping(b)); }
inline ScalarInt operator|(ScalarInt a, ScalarInt b) { return wrapped(wrapping(a) | wrapping(b)); }
inline ScalarInt operator^(ScalarInt a, ScalarInt b) { return wrapped(wrapping(a) ^ wrapping(b)); }
inline ScalarInt shift_left(ScalarInt a, int count) { return wrapped(wrapping(a) << count); }
inline ScalarInt shift_right(ScalarInt a, int count) { return ScalarInt(a.value >> count); }

inline ScalarFloat operator+(ScalarFloat a, ScalarFloat b) { return ScalarFloat(a.value + b.value); }
inline ScalarFloat operator-(ScalarFloat a, ScalarFloat b) { return ScalarFloat(a.value - b.value); }
inline ScalarFloat operator*(ScalarFloat a, ScalarFloat b) { return ScalarFloat(a.value * b.value); }
inline ScalarFloat operator/(ScalarFloat a, ScalarFloat b) { return ScalarFloat(a.value / b.value); }
inline ScalarFloat fma(ScalarFloat a, ScalarFloat b, ScalarFloat c) {
  return ScalarFloat(std::fma(a.value, b.value, c.value));
}
inline ScalarInt as_int(ScalarFloat a) { return ScalarInt(std::bit_cast<int32_t>(a.value)); }
inline ScalarFloat as_float(ScalarInt a) { return ScalarFloat(std::bit_cast<float>(a.value)); }
inline ScalarFloat to_float(ScalarInt a) { return ScalarFloat(static_cast<float>(a.value)); }
inline bool less(ScalarFloat a, ScalarFloat b) { return a.value < b.value; }
inline bool equal(ScalarFloat a, ScalarFloat b) { return a.value == b.value; }
inline ScalarFloat select(bool condition, ScalarFloat yes, ScalarFloat no) { return condition ? yes : no; }

}  // namespace shoal
