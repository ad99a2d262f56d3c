// Sixteen lanes as four vectors of four, in C++ that any compiler turns into its processor's instructions.
// This file defines what the kernels (matmul.inl, attention.inl, vector_ops.inl) need of a lane type;
// lanes_avx2.h and lanes_avx512.h do the same with their instructions.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/half.h"
#include "kernels/math_lanes.h"
#include "kernels/packed_layout.h"

namespace shoal::portable {

using Int4 = int32_t __attribute__((vector_size(16)));
using Word4 = uint32_t __attribute__((vector_size(16)));
using Short8 = int16_t __attribute__((vector_size(16)));
using Float4 = float __attribute__((vector_size(16)));

// A value of four vectors, each computed as `function(part index)`.
template <class Result, class Function>
SHOAL_INLINE Result each_part(Function function) {
  return Result{{function(0), function(1), function(2), function(3)}};
}

struct Parts4i {
  Int4 part[4];
};

struct Ints : Parts4i {
  SHOAL_INLINE Ints() = default;
  SHOAL_INLINE Ints(Parts4i parts) : Parts4i(parts) {}
  SHOAL_INLINE explicit Ints(int32_t value) {
    for (Int4& p : part) p = Int4{value, value, value, value};
  }
};

struct Parts4f {
  Float4 part[4];
};

struct Floats : Parts4f {
  using Int = Ints;
  SHOAL_INLINE Floats() = default;
  SHOAL_INLINE Floats(Parts4f parts) : Parts4f(parts) {}
  SHOAL_INLINE explicit Floats(float value) {
    for (Float4& p : part) p = Float4{value, value, value, value};
  }
};

// 64 bytes; 4-byte word r belongs to lane r.
struct Bytes {
  Word4 part[4];
};

// Integers wrap around, so the arithmetic is done unsigned.
SHOAL_INLINE Ints operator+(Ints a, Ints b) {
  return each_part<Parts4i>([&](int i) { return (Int4)((Word4)a.part[i] + (Word4)b.part[i]); });
}
SHOAL_INLINE Ints operator-(Ints a, Ints b) {
  return each_part<Parts4i>([&](int i) { return (Int4)((Word4)a.part[i] - (Word4)b.part[i]); });
}
SHOAL_INLINE Ints operator&(Ints a, Ints b) {
  return each_part<Parts4i>([&](int i) { return a.part[i] & b.part[i]; });
}
SHOAL_INLINE Ints operator|(Ints a, Ints b) {
  return each_part<Parts4i>([&](int i) { return a.part[i] | b.part[i]; });
}
SHOAL_INLINE Ints operator^(Ints a, Ints b) {
  return each_part<Parts4i>([&](int i) { return a.part[i] ^ b.part[i]; });
}
SHOAL_INLINE Ints shift_left(Ints a, int count) {
  return each_part<Parts4i>([&](int i) { return (Int4)((Word4)a.part[i] << count); });
}
SHOAL_INLINE Ints shift_right(Ints a, int count) {  // keeps the sign
  return each_part<Parts4i>([&](int i) { return a.part[i] >> count; });
}

SHOAL_INLINE Floats operator+(Floats a, Floats b) {
  return each_part<Parts4f>([&](int i) { return a.part[i] + b.part[i]; });
}
SHOAL_INLINE Floats operator-(Floats a, Floats b) {
  return each_part<Parts4f>([&](int i) { return a.part[i] - b.part[i]; });
}
SHOAL_INLINE Floats operator*(Floats a, Floats b) {
  return each_part<Parts4f>([&](int i) { return a.part[i] * b.part[i]; });
}
SHOAL_INLINE Floats operator/(Floats a, Floats b) {
  return each_part<Parts4f>([&](int i) { return a.part[i] / b.part[i]; });
}
SHOAL_INLINE Floats fma(Floats a, Floats b, Floats c) {
  Floats result;
  for (int i = 0; i < 16; ++i) {
    result.part[i / 4][i % 4] = std::fma(a.part[i / 4][i % 4], b.part[i / 4][i % 4], c.part[i / 4][i % 4]);
  }
  return result;
}
SHOAL_INLINE Ints as_int(Floats a) {
  return each_part<Parts4i>([&](int i) { return (Int4)a.part[i]; });
}
SHOAL_INLINE Floats as_float(Ints a) {
  return each_part<Parts4f>([&](int i) { return (Float4)a.part[i]; });
}
SHOAL_INLINE Floats to_float(Ints a) {
  return each_part<Parts4f>([&](int i) { return __builtin_convertvector(a.part[i], Float4); });
}
// Comparisons set all bits of a lane where they hold.
SHOAL_INLINE Ints less(Floats a, Floats b) {
  return each_part<Parts4i>([&](int i) { return (Int4)(a.part[i] < b.part[i]); });
}
SHOAL_INLINE Ints equal(Floats a, Floats b) {
  return each_part<Parts4i>([&](int i) { return (Int4)(a.part[i] == b.part[i]); });
}
SHOAL_INLINE Floats select(Ints mask, Floats yes, Floats no) {
  return each_part<Parts4f>([&](int i) {
    return (Float4)((mask.part[i] & (Int4)yes.part[i]) | (~mask.part[i] & (Int4)no.part[i]));
  });
}
SHOAL_INLINE Bytes operator|(Bytes a, Bytes b) {
  return each_part<Bytes>([&](int i) { return a.part[i] | b.part[i]; });
}

// Four activations, the same for every lane: those of even and those of odd place as int16.
struct Quad {
  Short8 even, odd;
};

// A group's integer factors, one per half (Q6_K's sub-scales), and the factors that take the zero point out
// of a dot product: total = dot of the stored numbers - dot_sums(half sums of the activations, zero_factors).
struct HalfScales {
  Ints halves[2];
  Ints zero_factors;  // pairs of int16
};

// The exact integer dot product of one group for one token: call add<0> … add<7> in order, then total.
template <PackedLayout layout>
class Dot {
 public:
  SHOAL_INLINE Dot() : totals_{Ints(0), Ints(0)} {}

  template <int vector>
  SHOAL_INLINE void add(const Bytes& weights, Quad x, const HalfScales&) {
    Ints& total = totals_[layout.sub_scales == SubScales::two_signed ? vector / 4 : 0];
    for (int i = 0; i < 4; ++i) {
      Short8 even = (Short8)(weights.part[i] << 8) >> 8;  // signed bytes
      Short8 odd = (Short8)weights.part[i] >> 8;
      if constexpr (layout.quant_bits < 8) even = (Short8)(weights.part[i] & 0x00ff00ff);
      const Word4 even_products = (Word4)(even * x.even);  // at most 128 · 127: exact
      const Word4 odd_products = (Word4)(odd * x.odd);
      const Int4 sums = ((Int4)even_products >> 16) + ((Int4)odd_products >> 16) +
                        ((Int4)(even_products << 16) >> 16) + ((Int4)(odd_products << 16) >> 16);
      total.part[i] += sums;
    }
  }

  SHOAL_INLINE Ints total(const HalfScales& scales) const {
    if constexpr (layout.sub_scales != SubScales::two_signed) return totals_[0];
    return each_part<Parts4i>([&](int i) {
      return totals_[0].part[i] * scales.halves[0].part[i] + totals_[1].part[i] * scales.halves[1].part[i];
    });
  }

 private:
  Ints totals_[2];
};

struct Lanes {
  using Floats = portable::Floats;
  using Ints = portable::Ints;
  using Bytes = portable::Bytes;
  using Quad = portable::Quad;
  using HalfScales = portable::HalfScales;
  template <PackedLayout layout>
  using Dot = portable::Dot<layout>;

  // How many tokens one pass over a block's weights serves; a power of two.
  static constexpr int token_tile = 4;
  // How many bytes ahead decode prefetches weights; 0: the processor's own prefetching is enough.
  static constexpr int64_t prefetch_distance = 0;
  // The zero point that must be taken out of this instruction set's Dot totals.
  static constexpr int zero_point(const PackedLayout& layout) { return layout.zero_point; }

  SHOAL_INLINE static Floats load(const float* p) {
    Floats a;
    std::memcpy(&a, p, sizeof a);
    return a;
  }
  // Loads `count` lanes; the others are `fill`.
  SHOAL_INLINE static Floats load_first(const float* p, int64_t count, float fill) {
    float values[16];
    for (int i = 0; i < 16; ++i) values[i] = i < count ? p[i] : fill;
    return load(values);
  }
  SHOAL_INLINE static void store(float* p, Floats a) { std::memcpy(p, &a, sizeof a); }
  SHOAL_INLINE static void store_first(float* p, Floats a, int64_t count) {
    for (int i = 0; i < count; ++i) p[i] = a.part[i / 4][i % 4];
  }

  SHOAL_INLINE static Floats load_f16(const std::byte* p) {
    return convert_halves(p, [](uint16_t half) { return f32_from_f16(half); });
  }
  SHOAL_INLINE static Floats load_bf16(const std::byte* p) {
    return convert_halves(p, [](uint16_t half) { return f32_from_bf16(half); });
  }
  SHOAL_INLINE static void store_f16(uint16_t* p, Floats a) {
    for (int i = 0; i < 16; ++i) p[i] = f16_from_f32(a.part[i / 4][i % 4]);
  }

  // a where it is larger, else b; so b also where either is not a number.
  SHOAL_INLINE static Floats max(Floats a, Floats b) { return select(less(b, a), a, b); }
  SHOAL_INLINE static Ints max_int(Ints a, Ints b) {
    return each_part<Parts4i>([&](int i) {
      const Int4 larger = (Int4)(a.part[i] > b.part[i]);
      return (larger & a.part[i]) | (~larger & b.part[i]);
    });
  }
  SHOAL_INLINE static float largest(Floats a) {
    float result = a.part[0][0];
    for (int i = 1; i < 16; ++i) result = a.part[i / 4][i % 4] > result ? a.part[i / 4][i % 4] : result;
    return result;
  }
  SHOAL_INLINE static int32_t largest_int(Ints a) {
    int32_t result = a.part[0][0];
    for (int i = 1; i < 16; ++i) result = a.part[i / 4][i % 4] > result ? a.part[i / 4][i % 4] : result;
    return result;
  }
  SHOAL_INLINE static int32_t sum_int(Ints a) {
    const Int4 four = a.part[0] + a.part[1] + a.part[2] + a.part[3];
    return four[0] + four[1] + four[2] + four[3];
  }
  // Joins 16 partial sums by the fixed tree, as join_partial_sums in reference/reference.h.
  SHOAL_INLINE static float join(Floats a) {
    const Float4 four = (a.part[0] + a.part[2]) + (a.part[1] + a.part[3]);
    return (four[0] + four[2]) + (four[1] + four[3]);
  }
  SHOAL_INLINE static void join_four(const Floats (&a)[4], float* out) {
    for (int i = 0; i < 4; ++i) out[i] = join(a[i]);
  }

  // Rounds ties to even; |a| must be below 2^22.
  SHOAL_INLINE static Ints nearest_int(Floats a) {
    return as_int(a + Floats(round_magic)) - as_int(Floats(round_magic));
  }
  SHOAL_INLINE static void store_int8(int8_t* p, Ints a) {
    for (int i = 0; i < 16; ++i) p[i] = static_cast<int8_t>(a.part[i / 4][i % 4]);
  }
  SHOAL_INLINE static Ints load_uint8(const std::byte* p) {
    Ints a;
    for (int i = 0; i < 16; ++i) a.part[i / 4][i % 4] = static_cast<uint8_t>(p[i]);
    return a;
  }

  SHOAL_INLINE static Bytes load_bytes(const std::byte* p) {
    Bytes a;
    std::memcpy(&a, p, sizeof a);
    return a;
  }
  SHOAL_INLINE static Bytes mask(Bytes a, uint8_t bits) {
    return each_part<Bytes>([&](int i) { return a.part[i] & (bits * 0x01010101U); });
  }
  // Shifts each lane's word: left by a positive count, right by a negative one. Zeros come in.
  template <int count>
  SHOAL_INLINE static Bytes shift(Bytes a) {
    return each_part<Bytes>([&](int i) {
      if constexpr (count < 0) {
        return a.part[i] >> -count;
      } else {
        return a.part[i] << count;
      }
    });
  }
  SHOAL_INLINE static Quad load_quad(const int8_t* p) {
    const int16_t a = p[0], b = p[1], c = p[2], d = p[3];
    return {.even = Short8{a, c, a, c, a, c, a, c}, .odd = Short8{b, d, b, d, b, d, b, d}};
  }

  // `p` holds 16 pairs of signed bytes, a pair for each lane.
  SHOAL_INLINE static void load_half_scales(const std::byte* p, int zero_point, HalfScales& scales) {
    int32_t first[16];
    int32_t second[16];
    int16_t zero_factors[32];
    for (int i = 0; i < 16; ++i) {
      first[i] = static_cast<int8_t>(p[2 * i]);
      second[i] = static_cast<int8_t>(p[2 * i + 1]);
      zero_factors[2 * i] = static_cast<int16_t>(first[i] * zero_point);
      zero_factors[2 * i + 1] = static_cast<int16_t>(second[i] * zero_point);
    }
    std::memcpy(&scales.halves[0], first, sizeof first);
    std::memcpy(&scales.halves[1], second, sizeof second);
    std::memcpy(&scales.zero_factors, zero_factors, sizeof zero_factors);
  }
  // sums[0] · low int16 + sums[1] · high int16 of each lane.
  SHOAL_INLINE static Ints dot_sums(const int16_t* sums, Ints factors) {
    const int32_t first = sums[0];
    const int32_t second = sums[1];
    return each_part<Parts4i>([&](int i) {
      return ((Int4)((Word4)factors.part[i] << 16) >> 16) * first + (factors.part[i] >> 16) * second;
    });
  }

 private:
  template <class Convert>
  SHOAL_INLINE static Floats convert_halves(const std::byte* p, Convert convert) {
    uint16_t halves[16];
    std::memcpy(halves, p, sizeof halves);
    Floats a;
    for (int i = 0; i < 16; ++i) a.part[i / 4][i % 4] = convert(halves[i]);
    return a;
  }
};

}  // namespace shoal::portable
