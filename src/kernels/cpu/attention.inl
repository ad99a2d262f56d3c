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

// scores[key] = scale · join(q·k). Keys are taken in fours; scores from key_count on become -infinity.
template <class V>
SHOAL_INLINE void score_keys(const float* query, const float* keys, int64_t padded_dim, int64_t key_count,
                             float scale, float (&scores)[attention_chunk]) {
  using Floats = typename V::Floats;
  for (int64_t key = 0; key < key_count; key += 4) {
    Floats products[4] = {Floats(0.0F), Floats(0.0F), Floats(0.0F), Floats(0.0F)};
    for (int64_t i = 0; i < padded_dim; i += lane_count) {
      const Floats q = V::load(query + i);
      for (int64_t j = 0; j < 4; ++j) {
        products[j] = fma(q, V::load(keys + (key + j) * padded_dim + i), products[j]);
      }
    }
    V::join_four(products, scores + key);
  }
  for (int64_t key = 0; key < key_count; ++key) scores[key] *= scale;
  std::fill(scores + key_count, scores + attention_chunk, -std::numeric_limits<float>::infinity());
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
  const float* weights;  // [key_count]
  const float* values;   // [key_count, padded_dim]
  int64_t padded_dim;
  int64_t key_count;
};

// Adds the weighted values of elements [i, i + 16 · vectors).
template <class V, int vectors>
SHOAL_INLINE void add_values(const WeighedValues& chunk, const MergeFactors& merge, float* output,
                             int64_t head_dim, int64_t i) {
  using Floats = typename V::Floats;
  Floats sums[vectors];
  for (Floats& sum : sums) sum = Floats(0.0F);
  for (int64_t key = 0; key < chunk.key_count; ++key) {
    const Floats weight(chunk.weights[key]);
    const float* values = chunk.values + key * chunk.padded_dim + i;
    for (int v = 0; v < vectors; ++v) sums[v] = fma(weight, V::load(values + v * lane_count), sums[v]);
  }
  for (int v = 0; v < vectors; ++v) {
    const int64_t element = i + v * lane_count;
    const int64_t lanes = std::min(lane_count, head_dim - element);
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
  float* output;       // [head_dim]
};

// The keys of a chunk that a row may see.
struct SeenKeys {
  int64_t count;
  bool is_first_chunk;
};

// Joins one chunk to the head's sums.
template <class V>
SHOAL_INLINE void attend_chunk(const AttentionScratch& scratch, const HeadState& head, const SeenKeys& keys,
                               float scale, int64_t head_dim) {
  float weights[attention_chunk];
  score_keys<V>(head.query, scratch.keys, scratch.padded_dim, keys.count, scale, weights);
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
                             .key_count = keys.count};
  int64_t i = 0;
  const auto add_vectors = [&]<int vectors>() __attribute__((always_inline)) {
    for (; i + vectors * lane_count <= scratch.padded_dim; i += vectors * lane_count) {
      add_values<V, vectors>(values, merge, head.output, head_dim, i);
    }
  };
  add_vectors.template operator()<4>();
  add_vectors.template operator()<1>();
}

// Computes the query heads of one kv head for `rows` of one sequence, at most attention_row_tile of them.
template <class V>
void attend_rows(const AttentionJob& job, std::span<const AttentionRow> rows, int64_t kv_head) {
  const KvLayout& layout = job.layout;
  const int64_t head_dim = layout.head_dim;
  const int64_t heads = job.head_count / layout.kv_head_count;
  const AttentionScratch scratch = place_attention_scratch(job.scratch, head_dim, heads);
  const auto row_count = static_cast<int64_t>(rows.size());
  int64_t last_position = 0;
  for (int64_t row = 0; row < row_count; ++row) {
    last_position = std::max(last_position, rows[row].position);
    convert_rows<V>(KvType::f32,
                    reinterpret_cast<const std::byte*>(rows[row].query + kv_head * heads * head_dim), heads,
                    head_dim, scratch.padded_dim, scratch.queries + row * heads * scratch.padded_dim);
  }
  const int64_t head_bytes = kv_page_tokens * head_dim * (layout.type == KvType::f16 ? 2 : 4);
  for (int64_t first_key = 0; first_key <= last_position; first_key += attention_chunk) {
    const std::byte* keys =
        rows[0].pages[first_key / kv_page_tokens] + job.layer_offset + kv_head * head_bytes;
    const std::byte* values = keys + layout.kv_head_count * head_bytes;
    const int64_t chunk_keys = std::min(attention_chunk, last_position + 1 - first_key);
    convert_rows<V>(layout.type, keys, chunk_keys, head_dim, scratch.padded_dim, scratch.keys);
    convert_rows<V>(layout.type, values, chunk_keys, head_dim, scratch.padded_dim, scratch.values);
    for (int64_t state = 0; state < row_count * heads; ++state) {
      const AttentionRow& row = rows[state / heads];
      const int64_t key_count = std::min(attention_chunk, row.position + 1 - first_key);
      if (key_count <= 0) continue;
      const HeadState head{.query = scratch.queries + state * scratch.padded_dim,
                           .largest = scratch.largest + state,
                           .sum = scratch.sums + state,
                           .output = row.output + (kv_head * heads + state % heads) * head_dim};
      attend_chunk<V>(scratch, head, {.count = key_count, .is_first_chunk = first_key == 0}, job.scale,
                      head_dim);
    }
  }
  for (int64_t state = 0; state < row_count * heads; ++state) {
    float* output = rows[state / heads].output + (kv_head * heads + state % heads) * head_dim;
    const typename V::Floats sum(scratch.sums[state]);
    for_each_lanes(head_dim, [&](int64_t i, int64_t lanes) {
      store_lanes<V>(output + i, load_lanes<V>(output + i, lanes, 0.0F) / sum, lanes);
    });
  }
}

template <class V>
void attention(const AttentionJob& job) {
  const auto count = static_cast<int64_t>(job.rows.size());
  for (int64_t kv_head = job.first_kv_head; kv_head < job.end_kv_head; ++kv_head) {
    int64_t end = 0;
    for (int64_t first = 0; first < count; first = end) {
      end = first + 1;  // adjacent rows of the same sequence
      while (end < count && end - first < attention_row_tile && job.rows[end].pages == job.rows[first].pages)
        ++end;
      attend_rows<V>(job, job.rows.subspan(first, end - first), kv_head);
    }
  }
}

}  // namespace shoal::cpu
