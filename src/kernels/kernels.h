// The mathematics on views: one table of functions per instruction set, chosen once. Every table gives the
// same bits: reference/ is the specification, cpu/ is fast. No function allocates, locks or logs. Each call
// computes only the part of the output it is told to, so threads may call at the same time, dividing the work
// by output rows or heads; which thread computes a value never changes it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "kernels/weight_matrix.h"

namespace shoal {

enum class Isa : uint8_t { reference, baseline, avx2, avx512 };

std::string_view isa_name(Isa isa);
std::optional<Isa> find_isa(std::string_view name);

// The activations of some rows (tokens) as int8, in groups of `quant_group` consecutive elements (the last
// may be shorter). scale = absmax / 127 in float32; q = rint(x / scale), half to even. If scale is below
// 2^-100, scale = 0 and q = 0. If an element is not finite, scale = NaN and q = 0, so that the error reaches
// the logits.
inline constexpr int64_t quant_group = 32;

struct QuantizedRows {
  int64_t row_count;
  int64_t columns;
  int8_t* values;      // [row_count, padded_columns(columns)]; columns from `columns` on are 0
  float* scales;       // [row_count, group_count(columns)]
  float* scaled_sums;  // [row_count, group_count(columns)]: fl(scale · float(sum of the group's values))
  int16_t* half_sums;  // [row_count, group_count(columns), 2]: sums of the first and of the last 16 values
};

constexpr int64_t group_count(int64_t columns) { return (columns + quant_group - 1) / quant_group; }
constexpr int64_t padded_columns(int64_t columns) { return group_count(columns) * quant_group; }

// The bytes that place_quantized_rows() needs at `memory`, which must be aligned to 64 bytes.
int64_t quantized_rows_bytes(int64_t row_count, int64_t columns);
QuantizedRows place_quantized_rows(std::byte* memory, int64_t row_count, int64_t columns);

// What a matrix is multiplied with. A format that takes quantised input reads `quantized`, all others
// `values`.
struct MatmulInput {
  int64_t row_count;    // tokens
  const float* values;  // [row_count, columns], rows are value_stride floats apart
  int64_t value_stride;
  const QuantizedRows* quantized;
};

// Where output[row, n] goes, for n in [first_output, end_output). Both bounds must be multiples of
// `row_interleave` or the matrix's end.
struct MatmulOutput {
  float* values;  // [row_count, matrix rows], rows are value_stride floats apart
  int64_t value_stride;
  int64_t first_output;
  int64_t end_output;
};

// Keys and values are kept in pages of `kv_page_tokens` tokens; a page belongs to one sequence and holds all
// layers of a shard. Attention runs over chunks of `attention_chunk` keys by absolute position.
inline constexpr int64_t attention_chunk = 64;
inline constexpr int64_t kv_page_tokens = 64;

enum class KvType : uint8_t { f16, f32 };

// One layer's part of a page: keys [kv_heads, kv_page_tokens, head_dim], then values of the same shape.
// Latent attention has no values of its own: they are the first elements of the keys.
struct KvLayout {
  KvType type;
  int64_t kv_head_count;
  int64_t head_dim;
  int64_t values_in_keys = 0;  // how many elements of a key are its value; 0: values lie behind the keys

  int64_t value_dim() const { return values_in_keys > 0 ? values_in_keys : head_dim; }
  int64_t element_bytes() const { return type == KvType::f16 ? 2 : 4; }
  int64_t keys_bytes() const { return kv_head_count * kv_page_tokens * head_dim * element_bytes(); }
  int64_t layer_bytes() const { return values_in_keys > 0 ? keys_bytes() : 2 * keys_bytes(); }
};

// Attention of one query row over its sequence's keys up to `position` (causal).
struct AttentionRow {
  const float* query;             // [heads, head_dim]
  float* output;                  // [heads, value_dim]
  int64_t position;               // of the query in its sequence; its own key is already in the pages
  const std::byte* const* pages;  // the sequence's pages, indexed by position / kv_page_tokens
};

struct AttentionJob {
  KvLayout layout;
  int64_t layer_offset;  // bytes from a page's start to this layer's part
  int64_t head_count;    // query heads; head h reads kv head h / (head_count / kv_head_count)
  float scale;           // factor of q·k
  std::span<const AttentionRow> rows;
  int64_t first_head;  // this call computes the query heads [first, end)
  int64_t end_head;
  float* scratch;  // attention_scratch_floats(...) floats that no other thread uses

  // A row sees the last `window` keys, its own among them; 0: all. Pages before them are not read.
  int64_t window = 0;
  float soft_cap = 0;            // a score s becomes soft_cap · tanh(s / soft_cap); 0: it stays
  const float* sinks = nullptr;  // [heads]: scores that take weight from the keys and have no value; or null

  int64_t first_key(const AttentionRow& row) const {
    return window > 0 && row.position >= window ? row.position + 1 - window : 0;
  }
};

using Matmul = void(const WeightMatrix& weights, const MatmulInput& input, const MatmulOutput& output);

struct Kernels {
  Isa isa;

  // One for each kind of number and layout, at its matmul_place(). A matrix got its place when it was made,
  // so a call asks nothing about its format.
  std::array<Matmul*, matmul_count> matmuls;

  // y = x·Wᵀ; reference/matmul.cpp has the formulas.
  void matmul(const WeightMatrix& weights, const MatmulInput& input, const MatmulOutput& output) const {
    matmuls[weights.matmul_place()](weights, input, output);
  }

  // Quantises rows [first_row, end_row) of x, [rows, output.columns], whose rows are `stride` floats apart.
  void (*quantize_rows)(const float* x, int64_t stride, int64_t first_row, int64_t end_row,
                        const QuantizedRows& output);

  // out[i] = (x[i] · (1 / sqrt(mean(x²) + epsilon))) · weight[i]. The sum is taken as 16 partial sums joined
  // by the fixed tree (reference/reference.h).
  void (*rms_norm)(const float* x, const float* weight, float epsilon, int64_t count, float* out);

  // out[i] = silu(gate[i]) · up[i]
  void (*silu_multiply)(const float* gate, const float* up, int64_t count, float* out);
  // out[i] = gelu(gate[i]) · up[i], gelu(x) = x / (1 + exp(−2·sqrt(2/π)·(x + 0.044715·x³))), the one with
  // tanh
  void (*gelu_multiply)(const float* gate, const float* up, int64_t count, float* out);
  // out[i] = g · (u + 1) / (1 + exp(−1.702·g)), g = gate[i] at most `limit`, u = up[i] within ±limit
  void (*clipped_silu_multiply)(const float* gate, const float* up, float limit, int64_t count, float* out);

  // x[i] += y[i]
  void (*add)(float* x, const float* y, int64_t count);
  // x[i] = fma(factor, y[i], x[i])
  void (*add_scaled)(float* x, const float* y, float factor, int64_t count);

  // x[i] = cap · tanh(x[i] / cap)
  void (*soft_cap)(float* x, float cap, int64_t count);

  // Turns pairs of x by angles given as cosines and sines, [pairs] each. half turns (i, i + pairs), as
  // Hugging Face does; interleaved turns (2i, 2i + 1), as GGUF's llama does. a' = a·cos − b·sin as fma(a,
  // cos, −(b·sin)), b' = a·sin + b·cos as fma(a, sin, b·cos).
  void (*rope_half)(float* x, const float* cosines, const float* sines, int64_t pairs);
  void (*rope_interleaved)(float* x, const float* cosines, const float* sines, int64_t pairs);

  // Writes one row's keys and values, [kv_heads, head_dim] floats each, as token number `token` of
  // `page_layer`, a layer's part of a page; values that are in the keys are not read. f16 is rounded to
  // nearest even.
  void (*store_kv)(const KvLayout& layout, const float* keys, const float* values, int64_t token,
                   std::byte* page_layer);

  void (*attention)(const AttentionJob& job);

  // out[i] = exp(x[i] − max) / sum; the sum is taken as in rms_norm.
  void (*softmax)(const float* x, int64_t count, float* out);

  // One row of a matrix, [columns], as exactly dequantised floats; for the embedding.
  void (*dequantize_row)(const WeightMatrix& weights, int64_t row, float* out);
};

// CHECKs that this processor and this build have the instruction set.
const Kernels& kernels_for(Isa isa);

bool isa_available(Isa isa);

// The best instruction set available, or the one that SHOAL_ISA names; invalid_argument when that one is
// unknown or not available.
Result<Isa> choose_isa();

// The size of AttentionJob::scratch in floats, for calls with up to so many query heads of a kv head.
int64_t attention_scratch_floats(const KvLayout& layout, int64_t heads_of_kv_head);

// cos and sin, [inverse_frequencies] each, of position · inverse_frequencies[i], times `magnitude`. The angle
// is float32; cos and sin are math.h's.
void rope_angles(float position, std::span<const float> inverse_frequencies, float magnitude, float* cosines,
                 float* sines);

}  // namespace shoal
