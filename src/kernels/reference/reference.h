// The specification of every function of the table of kernels.h, as plain loops that round one operation
// after another. The fast tables give the same bits.
#pragma once

#include <array>

#include "kernels/kernels.h"

namespace shoal::reference {

// For formats of integers, and for all others.
void multiply_integers(const WeightMatrix& weights, const MatmulInput& input, const MatmulOutput& output);
void multiply_floats(const WeightMatrix& weights, const MatmulInput& input, const MatmulOutput& output);

void quantize_rows(const float* x, int64_t stride, int64_t first_row, int64_t end_row,
                   const QuantizedRows& output);
void rms_norm(const float* x, const float* weight, float epsilon, int64_t count, float* out);
void silu_multiply(const float* gate, const float* up, int64_t count, float* out);
void gelu_multiply(const float* gate, const float* up, int64_t count, float* out);
void clipped_silu_multiply(const float* gate, const float* up, float limit, int64_t count, float* out);
void add(float* x, const float* y, int64_t count);
void add_scaled(float* x, const float* y, float factor, int64_t count);
void soft_cap(float* x, float cap, int64_t count);
void rope_half(float* x, const float* cosines, const float* sines, int64_t pairs);
void rope_interleaved(float* x, const float* cosines, const float* sines, int64_t pairs);
void store_kv(const KvLayout& layout, const float* keys, const float* values, int64_t token,
              std::byte* page_layer);
void attention(const AttentionJob& job);
void softmax(const float* x, int64_t count, float* out);
void dequantize_row(const WeightMatrix& weights, int64_t row, float* out);

// The fixed tree that joins the 16 partial sums of every reduction. Element i of the data was added to
// partial sum i mod 16.
inline float join_partial_sums(std::array<float, 16> partials) {
  for (int64_t width = 8; width > 0; width /= 2) {
    for (int64_t i = 0; i < width; ++i) partials[i] += partials[i + width];
  }
  return partials[0];
}

extern const Kernels table;

}  // namespace shoal::reference
