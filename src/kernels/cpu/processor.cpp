#include "kernels/cpu/processor.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace shoal::cpu {

#if defined(__x86_64__)

namespace {

struct Registers {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};

// All registers are zero for a leaf that the processor does not know.
Registers cpuid(uint32_t leaf) {
  Registers r;
  __get_cpuid_count(leaf, 0, &r.a, &r.b, &r.c, &r.d);
  return r;
}

constexpr bool has_bits(uint64_t word, uint64_t bits) { return (word & bits) == bits; }
constexpr uint32_t bit(int index) { return uint32_t{1} << index; }

// The register states that the operating system saves: bits 1 and 2 are AVX's, bits 5, 6 and 7 AVX-512's.
uint64_t saved_states() {
  constexpr uint32_t has_xgetbv = bit(27);
  if (!has_bits(cpuid(1).c, has_xgetbv)) return 0;
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

}  // namespace

bool processor_has_avx2() {
  constexpr uint32_t fma_avx_f16c = bit(12) | bit(28) | bit(29);
  constexpr uint32_t avx2 = bit(5);
  return has_bits(cpuid(1).c, fma_avx_f16c) && has_bits(cpuid(7).b, avx2) && has_bits(saved_states(), 0x06);
}

bool processor_has_avx512() {
  constexpr uint32_t f_dq_bw_vl = bit(16) | bit(17) | bit(30) | bit(31);
  constexpr uint32_t vnni = bit(11);
  return processor_has_avx2() && has_bits(cpuid(7).b, f_dq_bw_vl) && has_bits(cpuid(7).c, vnni) &&
         has_bits(saved_states(), 0xe6);
}

#else

bool processor_has_avx2() { return false; }
bool processor_has_avx512() { return false; }

#endif

}  // namespace shoal::cpu
