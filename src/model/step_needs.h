// What a part of a layer needs of a step: scratch memory, phases, and room in the KV pages. A recurrent part
// will say here how many bytes of state a sequence has: they stay the same, cannot be rewound, and are kept
// by checkpoint beside the pages.
#pragma once

#include <cstdint>

#include "kernels/kernels.h"

namespace shoal {

struct StepNeeds {
  int64_t row_bytes = 0;      // of scratch for each row, in whole cache lines; nothing stays there
  int64_t member_floats = 0;  // of scratch for each member of the team
  int64_t input_columns = 0;  // of the widest input that a matrix is multiplied with
  int64_t phases = 0;         // at most
  int64_t kv_page_bytes = 0;  // of a KV page

  // The needs of parts that run one after the other.
  StepNeeds& operator+=(const StepNeeds& other);
};

// The bytes that a part's ForwardPass::scratch(columns) takes of StepNeeds::row_bytes.
int64_t scratch_row_bytes(int64_t columns);

}  // namespace shoal
