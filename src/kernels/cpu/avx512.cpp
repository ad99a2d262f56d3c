#include "kernels/cpu/tables.h"

#if defined(__AVX512F__) && defined(__AVX512VNNI__)

#include <immintrin.h>

#define SHOAL_AVX512_NAMESPACE avx512
#include "kernels/cpu/lanes_avx512.h"
#include "kernels/cpu/table.inl"

namespace shoal::cpu {

const Kernels* avx512_table() {
  static constexpr Kernels table = make_table<avx512::Lanes>(Isa::avx512);
  return &table;
}

}  // namespace shoal::cpu

#else

namespace shoal::cpu {

const Kernels* avx512_table() { return nullptr; }

}  // namespace shoal::cpu

#endif
