// The whole table of kernels over a lane type V.
#pragma once

#include "kernels/cpu/attention.inl"
#include "kernels/cpu/matmul.inl"
#include "kernels/cpu/vector_ops.inl"
#include "kernels/reference/reference.h"

namespace shoal::cpu {

template <class V>
constexpr Kernels make_table(Isa isa) {
  return {.isa = isa,
          .matmuls = make_matmuls<V>(std::make_index_sequence<layouts::all.size()>()),
          .quantize_rows = quantize_rows<V>,
          .rms_norm = rms_norm<V>,
          .silu_multiply = silu_multiply<V>,
          .gelu_multiply = gelu_multiply<V>,
          .clipped_silu_multiply = clipped_silu_multiply<V>,
          .add = add<V>,
          .add_scaled = add_scaled<V>,
          .soft_cap = soft_cap<V>,
          .rope_half = rope_half<V>,
          .rope_interleaved = rope_interleaved<V>,
          .store_kv = store_kv<V>,
          .attention = attention<V>,
          .softmax = softmax<V>,
          .dequantize_row = reference::dequantize_row};
}

}  // namespace shoal::cpu
