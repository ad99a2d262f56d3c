// For tests: the AVX-512 table on emulated instructions (SIMDe), so that machines without AVX-512 can check
// that its source gives equal bits.
#pragma once

#include "kernels/kernels.h"

namespace shoal::cpu {

// nullptr when the emulation would not be exact (no fused multiply-add) or the processor lacks AVX2.
const Kernels* avx512_emulated_table();

}  // namespace shoal::cpu
