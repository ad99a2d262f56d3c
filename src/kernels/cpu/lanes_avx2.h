// Sixteen lanes as two registers of AVX2 (with FMA and F16C). lanes_portable.h says what each name must do.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "kernels/cpu/reduce_256.h"
#include "kernels/math_lanes.h"
#include "kernels/packed_layout.h"

namespace shoal::avx2 {

struct Ints {
  __m256i low, high;
  SHOAL_INLINE Ints() = default;
  SHOAL_INLINE Ints(__m256i l, __m256i h) : low(l), high(h) {}
  SHOAL_INLINE explicit Ints(int32_t value) : low(_mm256_set1_epi32(value)), high(low) {}
};

struct Floats {
  using Int = Ints;
  __m256 low, high;
  SHOAL_INLINE Floats() = default;
  SHOAL_INLINE Floats(__m256 l, __m256 h) : low(l), high(h) {}
  SHOAL_INLINE explicit Floats(float value) : low(_mm256_set1_ps(value)), high(low) {}
};

struct Bytes {
  __m256i low, high;
};

SHOAL_INLINE Ints operator+(Ints a, Ints b) {
  return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}
SHOAL_INLINE Ints operator-(Ints a, Ints b) {
  return {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
}
SHOAL_INLINE Ints operator&(Ints a, Ints b) {
  return {_mm256_and_si256(a.low, b.low), _mm256_and_si256(a.high, b.high)};
}
SHOAL_INLINE Ints operator|(Ints a, Ints b) {
  return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
}
SHOAL_INLINE Ints operator^(Ints a, Ints b) {
  return {_mm256_xor_si256(a.low, b.low), _mm256_xor_si256(a.high, b.high)};
}
SHOAL_INLINE Ints shift_left(Ints a, int count) {
  return {_mm256_slli_epi32(a.low, count), _mm256_slli_epi32(a.high, count)};
}
SHOAL_INLINE Ints shift_right(Ints a, int count) {
  return {_mm256_srai_epi32(a.low, count), _mm256_srai_epi32(a.high, count)};
}

SHOAL_INLINE Floats operator+(Floats a, Floats b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
SHOAL_INLINE Floats operator-(Floats a, Floats b) {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
SHOAL_INLINE Floats operator*(Floats a, Floats b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
SHOAL_INLINE Floats operator/(Floats a, Floats b) {
  return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
SHOAL_INLINE Floats fma(Floats a, Floats b, Floats c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
SHOAL_INLINE Ints as_int(Floats a) { return {_mm256_castps_si256(a.low), _mm256_castps_si256(a.high)}; }
SHOAL_INLINE Floats as_float(Ints a) { return {_mm256_castsi256_ps(a.low), _mm256_castsi256_ps(a.high)}; }
SHOAL_INLINE Floats to_float(Ints a) { return {_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)}; }
SHOAL_INLINE Ints less(Floats a, Floats b) {
  return as_int(Floats(_mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ)));
}
SHOAL_INLINE Ints equal(Floats a, Floats b) {
  return as_int(Floats(_mm256_cmp_ps(a.low, b.low, _CMP_EQ_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_EQ_OQ)));
}
SHOAL_INLINE Floats select(Ints mask, Floats yes, Floats no) {
  const Floats bits = as_float(mask);
  return {_mm256_blendv_ps(no.low, yes.low, bits.low), _mm256_blendv_ps(no.high, yes.high, bits.high)};
}
SHOAL_INLINE Bytes operator|(Bytes a, Bytes b) {
  return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
}

// One register serves both halves of the lanes.
struct Quad {
  __m256i bytes;
};

struct HalfScales {
  Ints halves[2];     // pairs of int16, both with the half's scale
  Ints zero_factors;  // pairs of int16
};

// maddubs adds pairs of products into int16. These are summed for as many vectors as cannot exceed 32767: 8
// with weights of 4 bits, 4 with 5 bits, 2 with 6 bits, 1 with signed weights of 8 bits (whose sign is moved
// to the activation). Then madd, by 1 or by the sub-scale, widens to int32.
template <PackedLayout layout>
class Dot {
 public:
  template <int vector>
  SHOAL_INLINE void add(const Bytes& weights, Quad x, const HalfScales& scales) {
    const __m256i low = products(weights.low, x.bytes);
    const __m256i high = products(weights.high, x.bytes);
    if constexpr (vector % vectors_in_int16 == 0) {
      low_ = low;
      high_ = high;
    } else {
      low_ = _mm256_add_epi16(low_, low);
      high_ = _mm256_add_epi16(high_, high);
    }
    if constexpr ((vector + 1) % vectors_in_int16 == 0) {
      const Ints widened = widen(scales.halves[vector / 4]);
      total_ = vector + 1 == vectors_in_int16 ? widened : total_ + widened;
    }
  }

  SHOAL_INLINE Ints total(const HalfScales&) const { return total_; }

 private:
  static constexpr int largest_weight = layout.quant_bits == 8 ? 128 : (1 << layout.quant_bits) - 1;
  static constexpr int most_vectors = 32767 / (2 * 127 * largest_weight);
  static constexpr int vectors_in_int16 = most_vectors >= 8   ? 8
                                          : most_vectors >= 4 ? 4
                                          : most_vectors >= 2 ? 2
                                                              : 1;

  SHOAL_INLINE static __m256i products(__m256i weights, __m256i x) {
    if constexpr (layout.quant_bits == 8) {
      return _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(x, weights));
    } else {
      return _mm256_maddubs_epi16(weights, x);
    }
  }
  SHOAL_INLINE Ints widen(const Ints& scale) const {
    if constexpr (layout.sub_scales == SubScales::two_signed) {
      return {_mm256_madd_epi16(low_, scale.low), _mm256_madd_epi16(high_, scale.high)};
    } else {
      const __m256i one = _mm256_set1_epi16(1);
      return {_mm256_madd_epi16(low_, one), _mm256_madd_epi16(high_, one)};
    }
  }

  __m256i low_, high_;  // int16
  Ints total_;
};

struct Lanes {
  using Floats = avx2::Floats;
  using Ints = avx2::Ints;
  using Bytes = avx2::Bytes;
  using Quad = avx2::Quad;
  using HalfScales = avx2::HalfScales;
  template <PackedLayout layout>
  using Dot = avx2::Dot<layout>;

  static constexpr int token_tile = 4;
  // The processor's own prefetching loses track of the weights among the unpacking. Measured on an EPYC of
  // 2.45 GHz (Zen 3): Q4_K 13 → 18 GB/s, where plain reading gives 17 to 21; a Zen 4 gains a fifth with Q6_K
  // and nothing otherwise.
  static constexpr int64_t prefetch_distance = 2048;
  static constexpr int zero_point(const PackedLayout& layout) { return layout.zero_point; }

  // All bits set in the first `count` of 16 lanes.
  SHOAL_INLINE static Ints first_lanes(int64_t count) {
    const __m256i low = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i limit = _mm256_set1_epi32(static_cast<int>(count));
    return {_mm256_cmpgt_epi32(limit, low),
            _mm256_cmpgt_epi32(limit, _mm256_add_epi32(low, _mm256_set1_epi32(8)))};
  }

  SHOAL_INLINE static Floats load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  SHOAL_INLINE static Floats load_first(const float* p, int64_t count, float fill) {
    const Ints mask = first_lanes(count);
    const Floats values(_mm256_maskload_ps(p, mask.low), _mm256_maskload_ps(p + 8, mask.high));
    return select(mask, values, Floats(fill));
  }
  SHOAL_INLINE static void store(float* p, Floats a) {
    _mm256_storeu_ps(p, a.low);
    _mm256_storeu_ps(p + 8, a.high);
  }
  SHOAL_INLINE static void store_first(float* p, Floats a, int64_t count) {
    const Ints mask = first_lanes(count);
    _mm256_maskstore_ps(p, mask.low, a.low);
    _mm256_maskstore_ps(p + 8, mask.high, a.high);
  }

  SHOAL_INLINE static __m128i load16(const void* p) {
    return _mm_loadu_si128(static_cast<const __m128i*>(p));
  }
  SHOAL_INLINE static __m256i load32(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
  }

  SHOAL_INLINE static Floats load_f16(const std::byte* p) {
    return {_mm256_cvtph_ps(load16(p)), _mm256_cvtph_ps(load16(p + 16))};
  }
  SHOAL_INLINE static Floats load_bf16(const std::byte* p) {
    const Ints bits(_mm256_cvtepu16_epi32(load16(p)), _mm256_cvtepu16_epi32(load16(p + 16)));
    return as_float(shift_left(bits, 16));
  }
  SHOAL_INLINE static void store_f16(uint16_t* p, Floats a) {
    constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a.low, nearest));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8), _mm256_cvtps_ph(a.high, nearest));
  }

  SHOAL_INLINE static Floats max(Floats a, Floats b) {
    return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
  }
  SHOAL_INLINE static Ints max_int(Ints a, Ints b) {
    return {_mm256_max_epi32(a.low, b.low), _mm256_max_epi32(a.high, b.high)};
  }
  SHOAL_INLINE static float largest(Floats a) { return x86::largest(_mm256_max_ps(a.low, a.high)); }
  SHOAL_INLINE static int32_t largest_int(Ints a) {
    return x86::largest_int(_mm256_max_epi32(a.low, a.high));
  }
  SHOAL_INLINE static int32_t sum_int(Ints a) { return x86::sum_int(_mm256_add_epi32(a.low, a.high)); }
  SHOAL_INLINE static float join(Floats a) { return x86::join(_mm256_add_ps(a.low, a.high)); }
  SHOAL_INLINE static void join_four(const Floats (&a)[4], float* out) {
    __m256 eight[4];
    for (int i = 0; i < 4; ++i) eight[i] = _mm256_add_ps(a[i].low, a[i].high);
    _mm_storeu_ps(out, x86::join_four(eight[0], eight[1], eight[2], eight[3]));
  }

  SHOAL_INLINE static Ints nearest_int(Floats a) {
    return {_mm256_cvtps_epi32(a.low), _mm256_cvtps_epi32(a.high)};
  }
  SHOAL_INLINE static void store_int8(int8_t* p, Ints a) {
    const __m256i words = _mm256_packs_epi32(a.low, a.high);  // 0-3, 8-11 | 4-7, 12-15
    const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    // The bytes are of lanes 0-3, 8-11, 4-7, 12-15; the shuffle puts them in order.
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm_shuffle_epi32(bytes, 0xd8));
  }
  SHOAL_INLINE static Ints load_uint8(const std::byte* p) {
    const __m128i bytes = load16(p);
    return {_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))};
  }

  SHOAL_INLINE static Bytes load_bytes(const std::byte* p) { return {load32(p), load32(p + 32)}; }
  SHOAL_INLINE static Bytes mask(Bytes a, uint8_t bits) {
    const __m256i mask = _mm256_set1_epi8(static_cast<char>(bits));
    return {_mm256_and_si256(a.low, mask), _mm256_and_si256(a.high, mask)};
  }
  template <int count>
  SHOAL_INLINE static Bytes shift(Bytes a) {
    if constexpr (count > 0) return {_mm256_slli_epi32(a.low, count), _mm256_slli_epi32(a.high, count)};
    if constexpr (count < 0) return {_mm256_srli_epi32(a.low, -count), _mm256_srli_epi32(a.high, -count)};
    return a;
  }
  SHOAL_INLINE static Quad load_quad(const int8_t* p) {
    int32_t word;
    std::memcpy(&word, p, sizeof word);
    return {_mm256_set1_epi32(word)};
  }

  SHOAL_INLINE static void load_half_scales(const std::byte* p, int zero_point, HalfScales& scales) {
    const Ints pairs(_mm256_cvtepi8_epi16(load16(p)), _mm256_cvtepi8_epi16(load16(p + 16)));
    const __m256i twice_first = _mm256_set1_epi32(0x01000100);  // in each pair of int16, the first one twice
    const __m256i bytes = _mm256_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12, 0, 0, 0, 0, 4,
                                           4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12);
    const __m256i first = _mm256_add_epi8(bytes, twice_first);
    const __m256i second = _mm256_add_epi8(first, _mm256_set1_epi8(2));
    scales.halves[0] = {_mm256_shuffle_epi8(pairs.low, first), _mm256_shuffle_epi8(pairs.high, first)};
    scales.halves[1] = {_mm256_shuffle_epi8(pairs.low, second), _mm256_shuffle_epi8(pairs.high, second)};
    const __m256i zero = _mm256_set1_epi16(static_cast<int16_t>(zero_point));
    scales.zero_factors = {_mm256_mullo_epi16(pairs.low, zero), _mm256_mullo_epi16(pairs.high, zero)};
  }
  // sums[0] · low int16 + sums[1] · high int16 of each lane.
  SHOAL_INLINE static Ints dot_sums(const int16_t* sums, Ints factors) {
    int32_t word;
    std::memcpy(&word, sums, sizeof word);
    const __m256i both = _mm256_set1_epi32(word);
    return {_mm256_madd_epi16(both, factors.low), _mm256_madd_epi16(both, factors.high)};
  }
};

}  // namespace shoal::avx2
