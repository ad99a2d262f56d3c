// The tables of cpu/, one per instruction set; nullptr where this program was built without it. Whether the
// processor can run one is asked in processor.h.
#pragma once

#include "kernels/kernels.h"

namespace shoal::cpu {

const Kernels* baseline_table();
const Kernels* avx2_table();
const Kernels* avx512_table();

}  // namespace shoal::cpu
