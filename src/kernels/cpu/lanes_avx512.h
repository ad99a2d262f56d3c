// Sixteen lanes as one register of AVX-512 (F, BW, DQ, VL, VNNI). lanes_portable.h says what each name must
// do. The including source defines SHOAL_AVX512_NAMESPACE and the intrinsics: the processor's, or for tests
// an emulation.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/cpu/reduce_256.h"
#include "kernels/math_lanes.h"
#include "kernels/packed_layout.h"

namespace shoal::SHOAL_AVX512_NAMESPACE {

struct Ints {
  __m512i value;
  SHOAL_INLINE Ints() = default;
  SHOAL_INLINE Ints(__m512i v) : value(v) {}
  SHOAL_INLINE explicit Ints(int32_t v) : value(_mm512_set1_epi32(v)) {}
};

struct Floats {
  using Int = Ints;
  __m512 value;
  SHOAL_INLINE Floats() = default;
  SHOAL_INLINE Floats(__m512 v) : value(v) {}
  SHOAL_INLINE explicit Floats(float v) : value(_mm512_set1_ps(v)) {}
};

struct Bytes {
  __m512i value;
};

struct Mask {
  __mmask16 bits;
};

SHOAL_INLINE Ints operator+(Ints a, Ints b) { return _mm512_add_epi32(a.value, b.value); }
SHOAL_INLINE Ints operator-(Ints a, Ints b) { return _mm512_sub_epi32(a.value, b.value); }
SHOAL_INLINE Ints operator&(Ints a, Ints b) { return _mm512_and_si512(a.value, b.value); }
SHOAL_INLINE Ints operator|(Ints a, Ints b) { return _mm512_or_si512(a.value, b.value); }
SHOAL_INLINE Ints operator^(Ints a, Ints b) { return _mm512_xor_si512(a.value, b.value); }
SHOAL_INLINE Ints shift_left(Ints a, int count) {
  return _mm512_slli_epi32(a.value, static_cast<unsigned>(count));
}
SHOAL_INLINE Ints shift_right(Ints a, int count) {
  return _mm512_srai_epi32(a.value, static_cast<unsigned>(count));
}

SHOAL_INLINE Floats operator+(Floats a, Floats b) { return _mm512_add_ps(a.value, b.value); }
SHOAL_INLINE Floats operator-(Floats a, Floats b) { return _mm512_sub_ps(a.value, b.value); }
SHOAL_INLINE Floats operator*(Floats a, Floats b) { return _mm512_mul_ps(a.value, b.value); }
SHOAL_INLINE Floats operator/(Floats a, Floats b) { return _mm512_div_ps(a.value, b.value); }
SHOAL_INLINE Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a.value, b.value, c.value); }
SHOAL_INLINE Ints as_int(Floats a) { return _mm512_castps_si512(a.value); }
SHOAL_INLINE Floats as_float(Ints a) { return _mm512_castsi512_ps(a.value); }
SHOAL_INLINE Floats to_float(Ints a) { return _mm512_cvtepi32_ps(a.value); }
SHOAL_INLINE Mask less(Floats a, Floats b) { return {_mm512_cmp_ps_mask(a.value, b.value, _CMP_LT_OQ)}; }
SHOAL_INLINE Mask equal(Floats a, Floats b) { return {_mm512_cmp_ps_mask(a.value, b.value, _CMP_EQ_OQ)}; }
SHOAL_INLINE Floats select(Mask mask, Floats yes, Floats no) {
  return _mm512_mask_blend_ps(mask.bits, no.value, yes.value);
}
SHOAL_INLINE Bytes operator|(Bytes a, Bytes b) { return {_mm512_or_si512(a.value, b.value)}; }

struct Quad {
  __m512i bytes;
};

struct HalfScales {
  Ints halves[2];     // int32
  Ints zero_factors;  // pairs of int16
};

// dpbusd multiplies unsigned by signed bytes and adds four products to each int32, exactly. Signed weights
// are made unsigned by adding 128, which the zero point takes out again.
template <PackedLayout layout>
class Dot {
 public:
  SHOAL_INLINE Dot() : totals_{Ints(0), Ints(0)} {}

  template <int vector>
  SHOAL_INLINE void add(const Bytes& weights, Quad x, const HalfScales&) {
    Ints& total = totals_[layout.sub_scales == SubScales::two_signed ? vector / 4 : 0];
    __m512i unsigned_weights = weights.value;
    if constexpr (layout.quant_bits == 8) {
      unsigned_weights = _mm512_xor_si512(weights.value, _mm512_set1_epi32(static_cast<int32_t>(0x80808080)));
    }
    total = _mm512_dpbusd_epi32(total.value, unsigned_weights, x.bytes);
  }

  SHOAL_INLINE Ints total(const HalfScales& scales) const {
    if constexpr (layout.sub_scales != SubScales::two_signed) return totals_[0];
    return _mm512_add_epi32(_mm512_mullo_epi32(totals_[0].value, scales.halves[0].value),
                            _mm512_mullo_epi32(totals_[1].value, scales.halves[1].value));
  }

 private:
  Ints totals_[2];
};

struct Lanes {
  using Floats = SHOAL_AVX512_NAMESPACE::Floats;
  using Ints = SHOAL_AVX512_NAMESPACE::Ints;
  using Bytes = SHOAL_AVX512_NAMESPACE::Bytes;
  using Quad = SHOAL_AVX512_NAMESPACE::Quad;
  using HalfScales = SHOAL_AVX512_NAMESPACE::HalfScales;
  template <PackedLayout layout>
  using Dot = SHOAL_AVX512_NAMESPACE::Dot<layout>;

  static constexpr int token_tile = 8;
  // Prefetching 2 or 4 kB ahead costs a tenth to a fifth on a Zen 4: Q4_K 30 → 26 GB/s, where plain reading
  // gives 32.
  static constexpr int64_t prefetch_distance = 0;
  static constexpr int zero_point(const PackedLayout& layout) {
    return layout.quant_bits == 8 ? 128 : layout.zero_point;
  }

  SHOAL_INLINE static __mmask16 first_lanes(int64_t count) {
    return static_cast<__mmask16>(count >= 16 ? 0xffff : (1 << count) - 1);
  }

  SHOAL_INLINE static Floats load(const float* p) { return _mm512_loadu_ps(p); }
  SHOAL_INLINE static Floats load_first(const float* p, int64_t count, float fill) {
    return _mm512_mask_loadu_ps(_mm512_set1_ps(fill), first_lanes(count), p);
  }
  SHOAL_INLINE static void store(float* p, Floats a) { _mm512_storeu_ps(p, a.value); }
  SHOAL_INLINE static void store_first(float* p, Floats a, int64_t count) {
    _mm512_mask_storeu_ps(p, first_lanes(count), a.value);
  }

  SHOAL_INLINE static __m128i load16(const void* p) {
    return _mm_loadu_si128(static_cast<const __m128i*>(p));
  }
  SHOAL_INLINE static __m256i load32(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
  }

  SHOAL_INLINE static Floats load_f16(const std::byte* p) { return _mm512_cvtph_ps(load32(p)); }
  SHOAL_INLINE static Floats load_bf16(const std::byte* p) {
    return as_float(shift_left(Ints(_mm512_cvtepu16_epi32(load32(p))), 16));
  }
  SHOAL_INLINE static void store_f16(uint16_t* p, Floats a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtps_ph(a.value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }

  SHOAL_INLINE static Floats max(Floats a, Floats b) { return _mm512_max_ps(a.value, b.value); }
  SHOAL_INLINE static Ints max_int(Ints a, Ints b) { return _mm512_max_epi32(a.value, b.value); }
  SHOAL_INLINE static float largest(Floats a) {
    return x86::largest(_mm256_max_ps(low_half(a), high_half(a)));
  }
  SHOAL_INLINE static int32_t largest_int(Ints a) {
    return x86::largest_int(_mm256_max_epi32(low_half(a), high_half(a)));
  }
  SHOAL_INLINE static int32_t sum_int(Ints a) {
    return x86::sum_int(_mm256_add_epi32(low_half(a), high_half(a)));
  }
  SHOAL_INLINE static float join(Floats a) { return x86::join(_mm256_add_ps(low_half(a), high_half(a))); }
  SHOAL_INLINE static void join_four(const Floats (&a)[4], float* out) {
    __m256 eight[4];
    for (int i = 0; i < 4; ++i) eight[i] = _mm256_add_ps(low_half(a[i]), high_half(a[i]));
    _mm_storeu_ps(out, x86::join_four(eight[0], eight[1], eight[2], eight[3]));
  }

  SHOAL_INLINE static Ints nearest_int(Floats a) { return _mm512_cvtps_epi32(a.value); }
  SHOAL_INLINE static void store_int8(int8_t* p, Ints a) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a.value));
  }
  SHOAL_INLINE static Ints load_uint8(const std::byte* p) { return _mm512_cvtepu8_epi32(load16(p)); }

  SHOAL_INLINE static Bytes load_bytes(const std::byte* p) { return {_mm512_loadu_si512(p)}; }
  SHOAL_INLINE static Bytes mask(Bytes a, uint8_t bits) {
    return {_mm512_and_si512(a.value, _mm512_set1_epi32(static_cast<int32_t>(bits * 0x01010101U)))};
  }
  template <int count>
  SHOAL_INLINE static Bytes shift(Bytes a) {
    if constexpr (count > 0) return {_mm512_slli_epi32(a.value, count)};
    if constexpr (count < 0) return {_mm512_srli_epi32(a.value, -count)};
    return a;
  }
  SHOAL_INLINE static Quad load_quad(const int8_t* p) {
    int32_t word;
    std::memcpy(&word, p, sizeof word);
    return {_mm512_set1_epi32(word)};
  }

  SHOAL_INLINE static void load_half_scales(const std::byte* p, int zero_point, HalfScales& scales) {
    const Ints pairs(_mm512_cvtepi8_epi16(load32(p)));
    scales.halves[0] = shift_right(shift_left(pairs, 16), 16);
    scales.halves[1] = shift_right(pairs, 16);
    scales.zero_factors = _mm512_mullo_epi16(pairs.value, _mm512_set1_epi32(zero_point * 0x10001));
  }
  SHOAL_INLINE static Ints dot_sums(const int16_t* sums, Ints factors) {
    int32_t word;
    std::memcpy(&word, sums, sizeof word);
    return _mm512_madd_epi16(_mm512_set1_epi32(word), factors.value);
  }

 private:
  SHOAL_INLINE static __m256 low_half(Floats a) { return _mm512_castps512_ps256(a.value); }
  SHOAL_INLINE static __m256 high_half(Floats a) { return _mm512_extractf32x8_ps(a.value, 1); }
  SHOAL_INLINE static __m256i low_half(Ints a) { return _mm512_castsi512_si256(a.value); }
  SHOAL_INLINE static __m256i high_half(Ints a) { return _mm512_extracti64x4_epi64(a.value, 1); }
};

}  // namespace shoal::SHOAL_AVX512_NAMESPACE
