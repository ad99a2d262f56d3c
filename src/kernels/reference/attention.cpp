#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/half.h"
#include "kernels/math.h"
#include "kernels/reference/reference.h"

namespace shoal::reference {
namespace {

// Element `index` of a layer's part of a page, as a float.
float kv_element(KvType type, const std::byte* page_layer, int64_t index) {
  if (type == KvType::f32) return reinterpret_cast<const float*>(page_layer)[index];
  return f32_from_f16(reinterpret_cast<const uint16_t*>(page_layer)[index]);
}

// The state of a softmax over the keys so far: the largest score, the sum of exp(score - largest), and the
// values weighted by these.
struct Partial {
  float largest;
  float sum;
  float* values;  // [head_dim]
};

// The keys [0, key_count) of one page, whose kv head starts at element `keys` (its values at `values`).
//   score = scale · join(16 partial sums of q·k), weight = exp(score - largest)
//   sum: 16 partial sums by key; values: a chain over keys in ascending order
void attend_chunk(const AttentionJob& job, const float* query, const std::byte* page_layer, int64_t keys,
                  int64_t values, int64_t key_count, Partial& result) {
  const KvLayout& layout = job.layout;
  std::array<float, attention_chunk> scores;
  result.largest = -std::numeric_limits<float>::infinity();
  for (int64_t key = 0; key < key_count; ++key) {
    std::array<float, 16> products = {};
    for (int64_t i = 0; i < layout.head_dim; ++i) {
      const float k = kv_element(layout.type, page_layer, keys + key * layout.head_dim + i);
      products[i % 16] = std::fma(query[i], k, products[i % 16]);
    }
    scores[key] = join_partial_sums(products) * job.scale;
    result.largest = scores[key] > result.largest ? scores[key] : result.largest;
  }
  std::array<float, 16> sums = {};
  std::fill_n(result.values, layout.head_dim, 0.0F);
  for (int64_t key = 0; key < key_count; ++key) {
    const float weight = exp_f32(scores[key] - result.largest);
    sums[key % 16] += weight;
    for (int64_t i = 0; i < layout.head_dim; ++i) {
      const float v = kv_element(layout.type, page_layer, values + key * layout.head_dim + i);
      result.values[i] = std::fma(weight, v, result.values[i]);
    }
  }
  result.sum = join_partial_sums(sums);
}

// Joins a later chunk to what came before it:
//   largest' = max, a = exp(largest - largest'), b = exp(chunk.largest - largest')
//   sum' = fma(sum, a, chunk.sum · b), values' = fma(values, a, chunk.values · b)
void merge_chunk(const Partial& chunk, int64_t head_dim, Partial& total) {
  const float largest = chunk.largest > total.largest ? chunk.largest : total.largest;
  const float a = exp_f32(total.largest - largest);
  const float b = exp_f32(chunk.largest - largest);
  total.largest = largest;
  total.sum = std::fma(total.sum, a, chunk.sum * b);
  for (int64_t i = 0; i < head_dim; ++i) total.values[i] = std::fma(total.values[i], a, chunk.values[i] * b);
}

void attend_row(const AttentionJob& job, const AttentionRow& row, int64_t head) {
  const KvLayout& layout = job.layout;
  const int64_t kv_head = head / (job.head_count / layout.kv_head_count);
  const int64_t keys = kv_head * kv_page_tokens * layout.head_dim;
  const int64_t values = keys + layout.kv_head_count * kv_page_tokens * layout.head_dim;
  Partial total{.largest = 0, .sum = 0, .values = row.output + head * layout.head_dim};
  for (int64_t first_key = 0; first_key <= row.position; first_key += attention_chunk) {
    const std::byte* page_layer = row.pages[first_key / kv_page_tokens] + job.layer_offset;
    const int64_t key_count = std::min(attention_chunk, row.position + 1 - first_key);
    Partial chunk{.largest = 0, .sum = 0, .values = job.scratch};
    Partial& target = first_key == 0 ? total : chunk;
    attend_chunk(job, row.query + head * layout.head_dim, page_layer, keys, values, key_count, target);
    if (first_key > 0) merge_chunk(chunk, layout.head_dim, total);
  }
  for (int64_t i = 0; i < layout.head_dim; ++i) total.values[i] /= total.sum;
}

}  // namespace

void attention(const AttentionJob& job) {
  static_assert(kv_page_tokens == attention_chunk);
  const int64_t heads_per_kv_head = job.head_count / job.layout.kv_head_count;
  for (const AttentionRow& row : job.rows) {
    for (int64_t head = job.first_kv_head * heads_per_kv_head; head < job.end_kv_head * heads_per_kv_head;
         ++head) {
      attend_row(job, row, head);
    }
  }
}

}  // namespace shoal::reference
