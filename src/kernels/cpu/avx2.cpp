#include "kernels/cpu/tables.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)

#include "kernels/cpu/lanes_avx2.h"
#include "kernels/cpu/table.inl"

namespace shoal::cpu {

const Kernels* avx2_table() {
  static constexpr Kernels table = make_table<avx2::Lanes>(Isa::avx2);
  return &table;
}

}  // namespace shoal::cpu

#else

namespace shoal::cpu {

const Kernels* avx2_table() { return nullptr; }

}  // namespace shoal::cpu

#endif
