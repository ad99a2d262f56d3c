// What this processor and its operating system can run, with all extensions that our code uses.
#pragma once

namespace shoal::cpu {

bool processor_has_avx2();    // with FMA and F16C
bool processor_has_avx512();  // F, BW, DQ, VL and VNNI, on top of AVX2

}  // namespace shoal::cpu
