#include "kernels/reference/reference.h"

namespace shoal::reference {
namespace {

constexpr std::array<Matmul*, matmul_count> make_matmuls() {
  std::array<Matmul*, matmul_count> matmuls{};
  matmuls.fill(multiply_floats);
  for (int64_t place = first_layout_place; place < matmul_count; ++place) matmuls[place] = multiply_integers;
  return matmuls;
}

}  // namespace

constinit const Kernels table = {
    .isa = Isa::reference,
    .matmuls = make_matmuls(),
    .quantize_rows = quantize_rows,
    .rms_norm = rms_norm,
    .silu_multiply = silu_multiply,
    .gelu_multiply = gelu_multiply,
    .clipped_silu_multiply = clipped_silu_multiply,
    .add = add,
    .add_scaled = add_scaled,
    .soft_cap = soft_cap,
    .rope_half = rope_half,
    .rope_interleaved = rope_interleaved,
    .store_kv = store_kv,
    .attention = attention,
    .softmax = softmax,
    .dequantize_row = dequantize_row,
};

}  // namespace shoal::reference
