// The layout of one thread's scratch memory for attention: a chunk's keys and values as floats, and the sums
// of a tile of query rows.
#pragma once

#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/math_lanes.h"

namespace shoal::cpu {

// How many rows of one sequence share a converted chunk.
inline constexpr int64_t attention_row_tile = 16;

struct AttentionScratch {
  int64_t padded_dim = 0;    // head_dim rounded up to whole vectors; the padding is 0
  float* keys = nullptr;     // [attention_chunk, padded_dim]
  float* values = nullptr;   // [attention_chunk, padded_dim]
  float* queries = nullptr;  // [rows of the tile, heads of a kv head, padded_dim]
  float* largest = nullptr;  // [rows of the tile, heads of a kv head]
  float* sums = nullptr;     // [rows of the tile, heads of a kv head]
};

SHOAL_INLINE int64_t padded_head_dim(int64_t head_dim) { return (head_dim + 15) / 16 * 16; }

SHOAL_INLINE int64_t attention_scratch_size(int64_t head_dim, int64_t heads_per_kv_head) {
  const int64_t padded = padded_head_dim(head_dim);
  return 2 * attention_chunk * padded + attention_row_tile * heads_per_kv_head * (padded + 2);
}

SHOAL_INLINE AttentionScratch place_attention_scratch(float* memory, int64_t head_dim,
                                                      int64_t heads_per_kv_head) {
  AttentionScratch scratch;
  const int64_t states = attention_row_tile * heads_per_kv_head;
  scratch.padded_dim = padded_head_dim(head_dim);
  scratch.keys = memory;
  scratch.values = scratch.keys + attention_chunk * scratch.padded_dim;
  scratch.queries = scratch.values + attention_chunk * scratch.padded_dim;
  scratch.largest = scratch.queries + states * scratch.padded_dim;
  scratch.sums = scratch.largest + states;
  return scratch;
}

}  // namespace shoal::cpu
