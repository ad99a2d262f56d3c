#include "kernels/cpu/avx512_emulated.h"

#include <cstdint>
#include <cstring>

#include "kernels/cpu/processor.h"

#if defined(__FMA__) && defined(__AVX2__) && defined(__F16C__)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#pragma GCC diagnostic pop

#include "kernels/math_lanes.h"

// Instructions that SIMDe 0.7.4 lacks, built from AVX2 halves.
namespace {

SHOAL_INLINE __m512 joined(__m256 low, __m256 high) {
  return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}
SHOAL_INLINE __m512i joined(__m256i low, __m256i high) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}
SHOAL_INLINE __m256 low_ps(__m512 a) { return _mm512_castps512_ps256(a); }
SHOAL_INLINE __m256 high_ps(__m512 a) {
  return _mm256_castsi256_ps(_mm512_extracti64x4_epi64(_mm512_castps_si512(a), 1));
}
SHOAL_INLINE __m256i low_int(__m512i a) { return _mm512_castsi512_si256(a); }
SHOAL_INLINE __m256i high_int(__m512i a) { return _mm512_extracti64x4_epi64(a, 1); }

SHOAL_INLINE __m512 emulated_cvtph_ps(__m256i a) {
  return joined(_mm256_cvtph_ps(_mm256_castsi256_si128(a)), _mm256_cvtph_ps(_mm256_extracti128_si256(a, 1)));
}
SHOAL_INLINE __m256i emulated_cvtps_ph(__m512 a) {
  return _mm256_set_m128i(_mm256_cvtps_ph(high_ps(a), _MM_FROUND_TO_NEAREST_INT),
                          _mm256_cvtps_ph(low_ps(a), _MM_FROUND_TO_NEAREST_INT));
}
SHOAL_INLINE __m512i emulated_cvtepu8_epi32(__m128i a) {
  return joined(_mm256_cvtepu8_epi32(a), _mm256_cvtepu8_epi32(_mm_srli_si128(a, 8)));
}
SHOAL_INLINE __m512i emulated_cvtepu16_epi32(__m256i a) {
  return joined(_mm256_cvtepu16_epi32(_mm256_castsi256_si128(a)),
                _mm256_cvtepu16_epi32(_mm256_extracti128_si256(a, 1)));
}
SHOAL_INLINE __m512i emulated_cvtps_epi32(__m512 a) {
  return joined(_mm256_cvtps_epi32(low_ps(a)), _mm256_cvtps_epi32(high_ps(a)));
}
SHOAL_INLINE __m512 emulated_cvtepi32_ps(__m512i a) {
  return joined(_mm256_cvtepi32_ps(low_int(a)), _mm256_cvtepi32_ps(high_int(a)));
}
SHOAL_INLINE __m512i emulated_srai_epi32(__m512i a, unsigned count) {
  const int bits = static_cast<int>(count);
  return joined(_mm256_srai_epi32(low_int(a), bits), _mm256_srai_epi32(high_int(a), bits));
}
SHOAL_INLINE __m128i emulated_cvtepi32_epi8(__m512i a) {
  int32_t words[16];
  int8_t bytes[16];
  std::memcpy(words, &a, sizeof words);
  for (int i = 0; i < 16; ++i) bytes[i] = static_cast<int8_t>(words[i]);
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}
SHOAL_INLINE __m512 emulated_mask_loadu_ps(__m512 fill, __mmask16 mask, const float* p) {
  float values[16];
  std::memcpy(values, &fill, sizeof values);
  for (int i = 0; i < 16; ++i) values[i] = (mask >> i & 1) != 0 ? p[i] : values[i];
  return _mm512_loadu_ps(values);
}
SHOAL_INLINE void emulated_mask_storeu_ps(float* p, __mmask16 mask, __m512 a) {
  float values[16];
  std::memcpy(values, &a, sizeof values);
  for (int i = 0; i < 16; ++i) {
    if ((mask >> i & 1) != 0) p[i] = values[i];
  }
}

}  // namespace

#undef _mm512_cvtph_ps
#undef _mm512_cvtps_ph
#undef _mm512_extractf32x8_ps
#undef _mm512_madd_epi16
#define _mm512_madd_epi16 simde_mm512_madd_epi16  // SIMDe's own alias wants four arguments
#define _mm512_cvtph_ps emulated_cvtph_ps
#define _mm512_cvtps_ph(a, rounding) emulated_cvtps_ph(a)
#define _mm512_extractf32x8_ps(a, half) high_ps(a)
#define _mm512_cvtepu8_epi32 emulated_cvtepu8_epi32
#define _mm512_cvtepu16_epi32 emulated_cvtepu16_epi32
#define _mm512_cvtps_epi32 emulated_cvtps_epi32
#define _mm512_cvtepi32_ps emulated_cvtepi32_ps
#define _mm512_srai_epi32 emulated_srai_epi32
#define _mm512_cvtepi32_epi8 emulated_cvtepi32_epi8
#define _mm512_mask_loadu_ps emulated_mask_loadu_ps
#define _mm512_mask_storeu_ps emulated_mask_storeu_ps

#define SHOAL_AVX512_NAMESPACE avx512_emulated
#include "kernels/cpu/lanes_avx512.h"
#include "kernels/cpu/table.inl"

namespace shoal::cpu {

const Kernels* avx512_emulated_table() {
  static constexpr Kernels table = make_table<avx512_emulated::Lanes>(Isa::avx512);
  return processor_has_avx2() ? &table : nullptr;
}

}  // namespace shoal::cpu

#else

namespace shoal::cpu {

const Kernels* avx512_emulated_table() { return nullptr; }

}  // namespace shoal::cpu

#endif
