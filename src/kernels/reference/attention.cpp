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
  float* values;  // [value_dim]
};

// One kv head's part of a page, and the keys [begin, end) that the row sees of it.
struct PageKeys {
  const std::byte* page_layer;
  int64_t keys;    // the element where the keys begin
  int64_t values;  // the same of the values
  int64_t begin;
  int64_t end;
};

//   score = scale · join(16 partial sums of q·k), soft-capped; weight = exp(score - largest)
//   sum: 16 partial sums by key; values: a chain over keys in ascending order
void attend_chunk(const AttentionJob& job, const float* query, const PageKeys& page, Partial& result) {
  const KvLayout& layout = job.layout;
  std::array<float, attention_chunk> scores;
  result.largest = -std::numeric_limits<float>::infinity();
  for (int64_t key = page.begin; key < page.end; ++key) {
    std::array<float, 16> products = {};
    for (int64_t i = 0; i < layout.head_dim; ++i) {
      const float k = kv_element(layout.type, page.page_layer, page.keys + key * layout.head_dim + i);
      products[i % 16] = std::fma(query[i], k, products[i % 16]);
    }
    scores[key] = join_partial_sums(products) * job.scale;
    if (job.soft_cap > 0) soft_cap(&scores[key], job.soft_cap, 1);
    result.largest = scores[key] > result.largest ? scores[key] : result.largest;
  }
  std::array<float, 16> sums = {};
  std::fill_n(result.values, layout.value_dim(), 0.0F);
  for (int64_t key = page.begin; key < page.end; ++key) {
    const float weight = exp_f32(scores[key] - result.largest);
    sums[key % 16] += weight;
    for (int64_t i = 0; i < layout.value_dim(); ++i) {
      const float v = kv_element(layout.type, page.page_layer, page.values + key * layout.head_dim + i);
      result.values[i] = std::fma(weight, v, result.values[i]);
    }
  }
  result.sum = join_partial_sums(sums);
}

// Joins a later chunk to what came before it:
//   largest' = max, a = exp(largest - largest'), b = exp(chunk.largest - largest')
//   sum' = fma(sum, a, chunk.sum · b), values' = fma(values, a, chunk.values · b)
void merge_chunk(const Partial& chunk, int64_t value_dim, Partial& total) {
  const float largest = chunk.largest > total.largest ? chunk.largest : total.largest;
  const float a = exp_f32(total.largest - largest);
  const float b = exp_f32(chunk.largest - largest);
  total.largest = largest;
  total.sum = std::fma(total.sum, a, chunk.sum * b);
  for (int64_t i = 0; i < value_dim; ++i) total.values[i] = std::fma(total.values[i], a, chunk.values[i] * b);
}

// A score without a value:
//   largest' = max, a = exp(largest - largest'), sum' = fma(sum, a, exp(sink - largest')), values' = values ·
//   a
void add_sink(float sink, int64_t value_dim, Partial& total) {
  const float largest = sink > total.largest ? sink : total.largest;
  const float a = exp_f32(total.largest - largest);
  total.sum = std::fma(total.sum, a, exp_f32(sink - largest));
  for (int64_t i = 0; i < value_dim; ++i) total.values[i] *= a;
}

void attend_row(const AttentionJob& job, const AttentionRow& row, int64_t head) {
  const KvLayout& layout = job.layout;
  const int64_t kv_head = head / (job.head_count / layout.kv_head_count);
  const int64_t keys = kv_head * kv_page_tokens * layout.head_dim;
  const bool has_values = layout.values_in_keys == 0;
  const int64_t values = keys + (has_values ? layout.kv_head_count * kv_page_tokens * layout.head_dim : 0);
  Partial total{.largest = 0, .sum = 0, .values = row.output + head * layout.value_dim()};
  const int64_t first_seen = job.first_key(row);
  const int64_t first_chunk = first_seen / attention_chunk;
  for (int64_t number = first_chunk; number <= row.position / attention_chunk; ++number) {
    const int64_t first_key = number * attention_chunk;
    const PageKeys page{.page_layer = row.pages[number] + job.layer_offset,
                        .keys = keys,
                        .values = values,
                        .begin = std::max(first_seen - first_key, int64_t{0}),
                        .end = std::min(attention_chunk, row.position + 1 - first_key)};
    Partial chunk{.largest = 0, .sum = 0, .values = job.scratch};
    attend_chunk(job, row.query + head * layout.head_dim, page, number == first_chunk ? total : chunk);
    if (number > first_chunk) merge_chunk(chunk, layout.value_dim(), total);
  }
  if (job.sinks != nullptr) add_sink(job.sinks[head], layout.value_dim(), total);
  for (int64_t i = 0; i < layout.value_dim(); ++i) total.values[i] /= total.sum;
}

}  // namespace

void attention(const AttentionJob& job) {
  static_assert(kv_page_tokens == attention_chunk);
  for (const AttentionRow& row : job.rows) {
    for (int64_t head = job.first_head; head < job.end_head; ++head) attend_row(job, row, head);
  }
}

}  // namespace shoal::reference
