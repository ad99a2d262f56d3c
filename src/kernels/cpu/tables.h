// The tables of cpu/, one per instruction set; nullptr when this program was built without it. processor.h
// tells whether the processor can run one.
#pragma once

#include "kernels/kernels.h"

namespace shoal::cpu {

const Kernels* baseline_table();
const Kernels* avx2_table();
const Kernels* avx512_table();

}  // namespace shoal::cpu
