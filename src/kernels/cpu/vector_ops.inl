// Every function of the table but matmul and attention, over a lane type V. reference/vector_ops.cpp defines
// their meaning.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/kernels.h"
#include "kernels/math_lanes.h"

namespace shoal::cpu {

inline constexpr int64_t lane_count = 16;

// Calls function(first, lanes) for [0, count) in steps of 16; only the last step has fewer lanes.
template <class Function>
SHOAL_INLINE void for_each_lanes(int64_t count, Function function) {
  int64_t i = 0;
  for (; i + lane_count <= count; i += lane_count) function(i, lane_count);
  if (i < count) function(i, count - i);
}

template <class V>
SHOAL_INLINE typename V::Floats load_lanes(const float* p, int64_t lanes, float fill) {
  return lanes == lane_count ? V::load(p) : V::load_first(p, lanes, fill);
}

template <class V>
SHOAL_INLINE void store_lanes(float* p, typename V::Floats a, int64_t lanes) {
  if (lanes == lane_count) {
    V::store(p, a);
  } else {
    V::store_first(p, a, lanes);
  }
}

// Quantises one group into place `index` of the output; `count` of its 32 columns exist.
template <class V>
SHOAL_INLINE void quantize_group(const float* x, int64_t count, int64_t index, const QuantizedRows& output) {
  using Floats = typename V::Floats;
  using Ints = typename V::Ints;
  const Floats first = load_lanes<V>(x, std::min(count, lane_count), 0.0F);
  const Floats second =
      count > lane_count ? load_lanes<V>(x + lane_count, count - lane_count, 0.0F) : Floats(0.0F);
  // Bit patterns of magnitudes order as integers do, with infinity and NaN above all numbers.
  const Ints magnitude_mask(0x7fffffff);
  const int32_t largest_bits =
      V::largest_int(V::max_int(as_int(first) & magnitude_mask, as_int(second) & magnitude_mask));
  const bool finite = largest_bits < 0x7f800000;
  float scale =
      finite ? std::bit_cast<float>(largest_bits) / 127.0F : std::numeric_limits<float>::quiet_NaN();
  if (scale < 0x1p-100F) scale = 0;
  Ints quants[2] = {Ints(0), Ints(0)};
  if (scale > 0) {
    quants[0] = V::nearest_int(first / Floats(scale));
    quants[1] = V::nearest_int(second / Floats(scale));
  }
  int32_t sum = 0;
  for (int half = 0; half < 2; ++half) {
    V::store_int8(output.values + index * quant_group + half * lane_count, quants[half]);
    const int32_t half_sum = V::sum_int(quants[half]);
    output.half_sums[2 * index + half] = static_cast<int16_t>(half_sum);
    sum += half_sum;
  }
  output.scales[index] = scale;
  output.scaled_sums[index] = scale * static_cast<float>(sum);
}

template <class V>
void quantize_rows(const float* x, int64_t stride, int64_t first_row, int64_t end_row,
                   const QuantizedRows& output) {
  const int64_t groups = group_count(output.columns);
  for (int64_t row = first_row; row < end_row; ++row) {
    for (int64_t group = 0; group < groups; ++group) {
      const int64_t column = group * quant_group;
      quantize_group<V>(x + row * stride + column, std::min(quant_group, output.columns - column),
                        row * groups + group, output);
    }
  }
}

template <class V>
void rms_norm(const float* x, const float* weight, float epsilon, int64_t count, float* out) {
  typename V::Floats squares(0.0F);
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    const typename V::Floats values = load_lanes<V>(x + i, lanes, 0.0F);
    squares = fma(values, values, squares);
  });
  const float mean = V::join(squares) / static_cast<float>(count);
  const typename V::Floats factor(1.0F / std::sqrt(mean + epsilon));
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    const typename V::Floats scaled = load_lanes<V>(x + i, lanes, 0.0F) * factor;
    store_lanes<V>(out + i, scaled * load_lanes<V>(weight + i, lanes, 0.0F), lanes);
  });
}

template <class V>
void silu_multiply(const float* gate, const float* up, int64_t count, float* out) {
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    const typename V::Floats activated = silu_lanes(load_lanes<V>(gate + i, lanes, 0.0F));
    store_lanes<V>(out + i, activated * load_lanes<V>(up + i, lanes, 0.0F), lanes);
  });
}

template <class V>
void gelu_multiply(const float* gate, const float* up, int64_t count, float* out) {
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    const typename V::Floats activated = gelu_lanes(load_lanes<V>(gate + i, lanes, 0.0F));
    store_lanes<V>(out + i, activated * load_lanes<V>(up + i, lanes, 0.0F), lanes);
  });
}

template <class V>
void clipped_silu_multiply(const float* gate, const float* up, float limit, int64_t count, float* out) {
  using Floats = typename V::Floats;
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    const Floats x = load_lanes<V>(gate + i, lanes, 0.0F);
    const Floats y = load_lanes<V>(up + i, lanes, 0.0F);
    store_lanes<V>(out + i, clipped_silu_lanes(x, y, Floats(limit)), lanes);
  });
}

template <class V>
void add_scaled(float* x, const float* y, float factor, int64_t count) {
  const typename V::Floats factors(factor);
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    const typename V::Floats sum = load_lanes<V>(x + i, lanes, 0.0F);
    store_lanes<V>(x + i, fma(factors, load_lanes<V>(y + i, lanes, 0.0F), sum), lanes);
  });
}

template <class V>
void soft_cap(float* x, float cap, int64_t count) {
  const typename V::Floats caps(cap);
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    store_lanes<V>(x + i, caps * tanh_lanes(load_lanes<V>(x + i, lanes, 0.0F) / caps), lanes);
  });
}

template <class V>
void add(float* x, const float* y, int64_t count) {
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    store_lanes<V>(x + i, load_lanes<V>(x + i, lanes, 0.0F) + load_lanes<V>(y + i, lanes, 0.0F), lanes);
  });
}

template <class V>
void rope_half(float* x, const float* cosines, const float* sines, int64_t pairs) {
  for_each_lanes(pairs, [&](int64_t i, int64_t lanes) {
    using Floats = typename V::Floats;
    const Floats a = load_lanes<V>(x + i, lanes, 0.0F);
    const Floats b = load_lanes<V>(x + pairs + i, lanes, 0.0F);
    const Floats cosine = load_lanes<V>(cosines + i, lanes, 0.0F);
    const Floats sine = load_lanes<V>(sines + i, lanes, 0.0F);
    const Floats negated = as_float(as_int(b * sine) ^ typename V::Ints(static_cast<int32_t>(0x80000000)));
    store_lanes<V>(x + i, fma(a, cosine, negated), lanes);
    store_lanes<V>(x + pairs + i, fma(a, sine, b * cosine), lanes);
  });
}

template <class V>
void rope_interleaved(float* x, const float* cosines, const float* sines, int64_t pairs) {
  for (int64_t i = 0; i < pairs; ++i) {
    const float a = x[2 * i];
    const float b = x[2 * i + 1];
    x[2 * i] = __builtin_fmaf(a, cosines[i], -(b * sines[i]));
    x[2 * i + 1] = __builtin_fmaf(a, sines[i], b * cosines[i]);
  }
}

// Stores `count` values at `target` as halves or floats.
template <class V>
SHOAL_INLINE void store_kv_head(KvType type, const float* source, int64_t count, std::byte* target) {
  if (type == KvType::f32) {
    std::memcpy(target, source, static_cast<size_t>(count) * sizeof(float));
    return;
  }
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    const typename V::Floats values = load_lanes<V>(source + i, lanes, 0.0F);
    auto* halves = reinterpret_cast<uint16_t*>(target) + i;
    if (lanes == lane_count) return V::store_f16(halves, values);
    uint16_t all[lane_count];
    V::store_f16(all, values);
    std::memcpy(halves, all, static_cast<size_t>(lanes) * sizeof(uint16_t));
  });
}

template <class V>
void store_kv(const KvLayout& layout, const float* keys, const float* values, int64_t token,
              std::byte* page_layer) {
  std::byte* const value_part = page_layer + layout.keys_bytes();
  for (int64_t head = 0; head < layout.kv_head_count; ++head) {
    const int64_t source = head * layout.head_dim;
    const int64_t target = (head * kv_page_tokens + token) * layout.head_dim * layout.element_bytes();
    store_kv_head<V>(layout.type, keys + source, layout.head_dim, page_layer + target);
    if (layout.values_in_keys > 0) continue;
    store_kv_head<V>(layout.type, values + source, layout.head_dim, value_part + target);
  }
}

template <class V>
void softmax(const float* x, int64_t count, float* out) {
  constexpr float lowest = -std::numeric_limits<float>::infinity();
  using Floats = typename V::Floats;
  Floats largest_lanes(lowest);
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    largest_lanes = V::max(load_lanes<V>(x + i, lanes, lowest), largest_lanes);
  });
  const Floats largest(V::largest(largest_lanes));
  Floats sums(0.0F);
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    const Floats weights = exp_lanes(load_lanes<V>(x + i, lanes, lowest) - largest);
    sums = sums + weights;
    store_lanes<V>(out + i, weights, lanes);
  });
  const Floats sum(V::join(sums));
  for_each_lanes(count, [&](int64_t i, int64_t lanes) {
    store_lanes<V>(out + i, load_lanes<V>(out + i, lanes, 0.0F) / sum, lanes);
  });
}

}  // namespace shoal::cpu
