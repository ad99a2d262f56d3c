// Attention over a lane type V. A chunk of keys and values is converted to floats once and then serves all
// query heads of its kv head and a tile of rows. Every sum is taken in the order of reference/attention.cpp.
#pragma once

#include <algorithm>
#include <limits>

#include "kernels/cpu/attention_scratch.h"
#include "kernels/cpu/vector_ops.inl"
#include "kernels/kernels.h"

namespace shoal::cpu {

// Converts `rows` rows of head_dim elements to floats; each row is padded with zeros to padded_dim.
template <class V>
SHOAL_INLINE void convert_rows(KvType type, const std::byte* source, int64_t rows, int64_t head_dim,
                               int64_t padded_dim, float* target) {
  for (int64_t row = 0; row < rows; ++row) {
    for_each_lanes(head_dim, [&](int64_t i, int64_t lanes) {
      const int64_t element = row * head_dim + i;
      typename V::Floats values;
      if (type == KvType::f32) {
        values = load_lanes<V>(reinterpret_cast<const float*>(source) + element, lanes, 0.0F);
      } else if (lanes == lane_count) {
        values = V::load_f16(source + 2 * element);
      } else {
        std::byte halves[2 * lane_count] = {};
        std::memcpy(halves, source + 2 * element, static_cast<size_t>(2 * lanes));
        values = V::load_f16(halves);
      }
      V::store(target + row * padded_dim + i, values);
    });
  }
}

// The keys of a chunk that a row sees, [begin, end).
struct SeenKeys {
  int64_t begin;
  int64_t end;
  bool is_first_chunk;
};

// scores[key] = scale · join(q·k), soft-capped. Keys are taken in fours; scores of unseen ones become
// -infinity.
template <class V>
SHOAL_INLINE void score_keys(const AttentionJob& job, const float* query, const float* keys,
                             int64_t padded_dim, const SeenKeys& seen, float (&scores)[attention_chunk]) {
  using Floats = typename V::Floats;
  constexpr float unseen = -std::numeric_limits<float>::infinity();
  for (int64_t key = seen.begin / 4 * 4; key < seen.end; key += 4) {
    Floats products[4] = {Floats(0.0F), Floats(0.0F), Floats(0.0F), Floats(0.0F)};
    for (int64_t i = 0; i < padded_dim; i += lane_count) {
      const Floats q = V::load(query + i);
      for (int64_t j = 0; j < 4; ++j) {
        products[j] = fma(q, V::load(keys + (key + j) * padded_dim + i), products[j]);
      }
    }
    V::join_four(products, scores + key);
  }
  for (int64_t key = seen.begin; key < seen.end; ++key) scores[key] *= job.scale;
  if (job.soft_cap > 0) soft_cap<V>(scores + seen.begin, job.soft_cap, seen.end - seen.begin);
  std::fill(scores, scores + seen.begin, unseen);
  std::fill(scores + seen.end, scores + attention_chunk, unseen);
}

struct ChunkWeights {
  float largest;
  float sum;
};

// Turns scores into exp(score - largest).
template <class V>
SHOAL_INLINE ChunkWeights weigh_scores(float (&scores)[attention_chunk]) {
  using Floats = typename V::Floats;
  Floats largest_lanes(-std::numeric_limits<float>::infinity());
  for (int64_t i = 0; i < attention_chunk; i += lane_count)
    largest_lanes = V::max(V::load(scores + i), largest_lanes);
  const float largest = V::largest(largest_lanes);
  Floats sums(0.0F);
  for (int64_t i = 0; i < attention_chunk; i += lane_count) {
    const Floats weights = exp_lanes(V::load(scores + i) - Floats(largest));
    sums = sums + weights;
    V::store(scores + i, weights);
  }
  return {.largest = largest, .sum = V::join(sums)};
}

// How a chunk's weighted values are joined to the output so far: output · old_factor + values · new_factor.
struct MergeFactors {
  bool first;  // the output holds nothing yet
  float old_factor;
  float new_factor;
};

// A chunk's values with their weights.
struct WeighedValues {
  const float* weights;  // [attention_chunk]
  const float* values;   // [attention_chunk, padded_dim]
  int64_t padded_dim;
  int64_t begin;  // of the seen keys
  int64_t end;
};

// Adds the weighted values of elements [i, i + 16 · vectors).
template <class V, int vectors>
SHOAL_INLINE void add_values(const WeighedValues& chunk, const MergeFactors& merge, float* output,
                             int64_t value_dim, int64_t i) {
  using Floats = typename V::Floats;
  Floats sums[vectors];
  for (Floats& sum : sums) sum = Floats(0.0F);
  for (int64_t key = chunk.begin; key < chunk.end; ++key) {
    const Floats weight(chunk.weights[key]);
    const float* values = chunk.values + key * chunk.padded_dim + i;
    for (int v = 0; v < vectors; ++v) sums[v] = fma(weight, V::load(values + v * lane_count), sums[v]);
  }
  for (int v = 0; v < vectors; ++v) {
    const int64_t element = i + v * lane_count;
    const int64_t lanes = std::min(lane_count, value_dim - element);
    Floats result = sums[v];
    if (!merge.first) {
      const Floats before = load_lanes<V>(output + element, lanes, 0.0F);
      result = fma(before, Floats(merge.old_factor), result * Floats(merge.new_factor));
    }
    store_lanes<V>(output + element, result, lanes);
  }
}

// One query head of one row: its query, and its sums over the chunks so far.
struct HeadState {
  const float* query;  // [padded_dim]
  float* largest;      // the largest score
  float* sum;          // of exp(score - largest)
  float* output;       // [value_dim]
};

// Joins one chunk to the head's sums.
template <class V>
SHOAL_INLINE void attend_chunk(const AttentionJob& job, const AttentionScratch& scratch,
                               const HeadState& head, const SeenKeys& keys) {
  const int64_t value_dim = job.layout.value_dim();
  float weights[attention_chunk];
  score_keys<V>(job, head.query, scratch.keys, scratch.padded_dim, keys, weights);
  const ChunkWeights chunk = weigh_scores<V>(weights);
  MergeFactors merge{.first = keys.is_first_chunk, .old_factor = 0, .new_factor = 1};
  if (keys.is_first_chunk) {
    *head.largest = chunk.largest;
    *head.sum = chunk.sum;
  } else {
    const float joint = chunk.largest > *head.largest ? chunk.largest : *head.largest;
    float factors[lane_count] = {*head.largest - joint, chunk.largest - joint};
    V::store(factors, exp_lanes(V::load(factors)));
    merge.old_factor = factors[0];
    merge.new_factor = factors[1];
    *head.largest = joint;
    *head.sum = __builtin_fmaf(*head.sum, merge.old_factor, chunk.sum * merge.new_factor);
  }
  const WeighedValues values{.weights = weights,
                             .values = scratch.values,
                             .padded_dim = scratch.padded_dim,
                             .begin = keys.begin,
                             .end = keys.end};
  int64_t i = 0;
  const auto add_vectors = [&]<int vectors>() __attribute__((always_inline)) {
    for (; i + vectors * lane_count <= padded_head_dim(value_dim); i += vectors * lane_count) {
      add_values<V, vectors>(values, merge, head.output, value_dim, i);
    }
  };
  add_vectors.template operator()<4>();
  add_vectors.template operator()<1>();
}

// Takes a score without a value into a head's sum; returns the factor of its values.
template <class V>
SHOAL_INLINE float add_sink(float sink, float largest, float& sum) {
  const float joint = sink > largest ? sink : largest;
  float factors[lane_count] = {largest - joint, sink - joint};
  V::store(factors, exp_lanes(V::load(factors)));
  sum = __builtin_fmaf(sum, factors[0], factors[1]);
  return factors[0];
}

// Query heads [first, first + count), which share kv head `kv_head`.
struct HeadGroup {
  int64_t kv_head;
  int64_t first;
  int64_t count;
};

// The values of the heads' chunks become their mean.
template <class V>
SHOAL_INLINE void finish_rows(const AttentionJob& job, std::span<const AttentionRow> rows,
                              const HeadGroup& heads, const AttentionScratch& scratch) {
  const int64_t value_dim = job.layout.value_dim();
  for (int64_t state = 0; state < std::ssize(rows) * heads.count; ++state) {
    const int64_t head = heads.first + state % heads.count;
    float* const output = rows[state / heads.count].output + head * value_dim;
    float sum = scratch.sums[state];
    if (job.sinks != nullptr) {
      const typename V::Floats factor(add_sink<V>(job.sinks[head], scratch.largest[state], sum));
      for_each_lanes(value_dim, [&](int64_t i, int64_t lanes) {
        store_lanes<V>(output + i, load_lanes<V>(output + i, lanes, 0.0F) * factor, lanes);
      });
    }
    const typename V::Floats sums(sum);
    for_each_lanes(value_dim, [&](int64_t i, int64_t lanes) {
      store_lanes<V>(output + i, load_lanes<V>(output + i, lanes, 0.0F) / sums, lanes);
    });
  }
}

// Converts a chunk of keys and values to floats.
template <class V>
SHOAL_INLINE void convert_chunk(const AttentionJob& job, const std::byte* page, int64_t kv_head,
                                int64_t key_count, const AttentionScratch& scratch) {
  const KvLayout& layout = job.layout;
  const int64_t head_bytes = kv_page_tokens * layout.head_dim * layout.element_bytes();
  const std::byte* const keys = page + job.layer_offset + kv_head * head_bytes;
  convert_rows<V>(layout.type, keys, key_count, layout.head_dim, scratch.padded_dim, scratch.keys);
  if (layout.values_in_keys > 0) return;
  convert_rows<V>(layout.type, keys + layout.keys_bytes(), key_count, layout.head_dim, scratch.padded_dim,
                  scratch.values);
}

// Computes heads of one kv head for `rows` of one sequence, at most attention_row_tile of them.
template <class V>
void attend_rows(const AttentionJob& job, std::span<const AttentionRow> rows, const HeadGroup& heads) {
  const int64_t head_dim = job.layout.head_dim;
  AttentionScratch scratch = place_attention_scratch(job.scratch, head_dim, heads.count);
  if (job.layout.values_in_keys > 0) scratch.values = scratch.keys;
  const auto row_count = static_cast<int64_t>(rows.size());
  int64_t first_seen = rows[0].position;
  int64_t last_position = 0;
  for (int64_t row = 0; row < row_count; ++row) {
    first_seen = std::min(first_seen, job.first_key(rows[row]));
    last_position = std::max(last_position, rows[row].position);
    convert_rows<V>(KvType::f32, reinterpret_cast<const std::byte*>(rows[row].query + heads.first * head_dim),
                    heads.count, head_dim, scratch.padded_dim,
                    scratch.queries + row * heads.count * scratch.padded_dim);
  }
  for (int64_t number = first_seen / attention_chunk; number <= last_position / attention_chunk; ++number) {
    const int64_t first_key = number * attention_chunk;
    convert_chunk<V>(job, rows[0].pages[number], heads.kv_head,
                     std::min(attention_chunk, last_position + 1 - first_key), scratch);
    for (int64_t state = 0; state < row_count * heads.count; ++state) {
      const AttentionRow& row = rows[state / heads.count];
      const int64_t row_first = job.first_key(row);
      const SeenKeys keys{.begin = std::max(row_first - first_key, int64_t{0}),
                          .end = std::min(attention_chunk, row.position + 1 - first_key),
                          .is_first_chunk = number == row_first / attention_chunk};
      if (keys.begin >= keys.end) continue;
      attend_chunk<V>(job, scratch,
                      {.query = scratch.queries + state * scratch.padded_dim,
                       .largest = scratch.largest + state,
                       .sum = scratch.sums + state,
                       .output = row.output + (heads.first + state % heads.count) * job.layout.value_dim()},
                      keys);
    }
  }
  finish_rows<V>(job, rows, heads, scratch);
}

template <class V>
void attention(const AttentionJob& job) {
  const auto count = static_cast<int64_t>(job.rows.size());
  const int64_t group = job.head_count / job.layout.kv_head_count;
  for (int64_t head = job.first_head; head < job.end_head; head = (head / group + 1) * group) {
    const int64_t end_head = std::min((head / group + 1) * group, job.end_head);
    const HeadGroup heads{.kv_head = head / group, .first = head, .count = end_head - head};
    int64_t end = 0;
    for (int64_t first = 0; first < count; first = end) {
      end = first + 1;  // adjacent rows of the same sequence
      while (end < count && end - first < attention_row_tile && job.rows[end].pages == job.rows[first].pages)
        ++end;
      attend_rows<V>(job, job.rows.subspan(first, end - first), heads);
    }
  }
}

}  // namespace shoal::cpu
