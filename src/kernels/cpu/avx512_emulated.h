// Test only: the AVX-512 table on emulated instructions (SIMDe), so that its source is held to equal bits on
// machines without them.
#pragma once

#include "kernels/kernels.h"

namespace shoal::cpu {

// nullptr where the emulation would not be exact (no fused multiply-add), or the processor lacks AVX2.
const Kernels* avx512_emulated_table();

}  // namespace shoal::cpu
