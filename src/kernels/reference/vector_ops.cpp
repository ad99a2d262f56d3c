#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/half.h"
#include "kernels/math.h"
#include "kernels/reference/reference.h"
#include "kernels/scalar_lane.h"

namespace shoal::reference {
namespace {

constexpr float smallest_scale = 0x1p-100F;

// Quantises one group of at most 32 elements; values from `count` on become 0.
void quantize_group(const float* x, int64_t count, int8_t* values, float* scale, float* scaled_sum,
                    int16_t* half_sums) {
  float largest = 0;
  bool finite = true;
  for (int64_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::abs(x[i]));
    finite = finite && std::isfinite(x[i]);
  }
  *scale = finite ? largest / 127.0F : std::numeric_limits<float>::quiet_NaN();
  if (*scale < smallest_scale) *scale = 0;
  half_sums[0] = half_sums[1] = 0;
  for (int64_t i = 0; i < quant_group; ++i) {
    const bool has_value = i < count && finite && *scale > 0;
    values[i] = has_value ? static_cast<int8_t>(std::rint(x[i] / *scale)) : int8_t{0};
    half_sums[i / 16] = static_cast<int16_t>(half_sums[i / 16] + values[i]);
  }
  *scaled_sum = *scale * static_cast<float>(half_sums[0] + half_sums[1]);
}

}  // namespace

void quantize_rows(const float* x, int64_t stride, int64_t first_row, int64_t end_row,
                   const QuantizedRows& output) {
  const int64_t groups = group_count(output.columns);
  for (int64_t row = first_row; row < end_row; ++row) {
    for (int64_t group = 0; group < groups; ++group) {
      const int64_t column = group * quant_group;
      const int64_t index = row * groups + group;
      quantize_group(x + row * stride + column, std::min(quant_group, output.columns - column),
                     output.values + index * quant_group, output.scales + index, output.scaled_sums + index,
                     output.half_sums + 2 * index);
    }
  }
}

void rms_norm(const float* x, const float* weight, float epsilon, int64_t count, float* out) {
  std::array<float, 16> squares = {};
  for (int64_t i = 0; i < count; ++i) squares[i % 16] = std::fma(x[i], x[i], squares[i % 16]);
  const float mean = join_partial_sums(squares) / static_cast<float>(count);
  const float factor = 1.0F / std::sqrt(mean + epsilon);
  for (int64_t i = 0; i < count; ++i) out[i] = x[i] * factor * weight[i];
}

void silu_multiply(const float* gate, const float* up, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = silu_f32(gate[i]) * up[i];
}

void gelu_multiply(const float* gate, const float* up, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = gelu_f32(gate[i]) * up[i];
}

void clipped_silu_multiply(const float* gate, const float* up, float limit, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) {
    out[i] = clipped_silu_lanes(ScalarFloat(gate[i]), ScalarFloat(up[i]), ScalarFloat(limit)).value;
  }
}

void add(float* x, const float* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) x[i] += y[i];
}

void add_scaled(float* x, const float* y, float factor, int64_t count) {
  for (int64_t i = 0; i < count; ++i) x[i] = std::fma(factor, y[i], x[i]);
}

void soft_cap(float* x, float cap, int64_t count) {
  for (int64_t i = 0; i < count; ++i) x[i] = cap * tanh_f32(x[i] / cap);
}

namespace {

void turn(float* a, float* b, float cosine, float sine) {
  const float old_a = *a;
  const float old_b = *b;
  *a = std::fma(old_a, cosine, -(old_b * sine));
  *b = std::fma(old_a, sine, old_b * cosine);
}

}  // namespace

void rope_half(float* x, const float* cosines, const float* sines, int64_t pairs) {
  for (int64_t i = 0; i < pairs; ++i) turn(&x[i], &x[i + pairs], cosines[i], sines[i]);
}

void rope_interleaved(float* x, const float* cosines, const float* sines, int64_t pairs) {
  for (int64_t i = 0; i < pairs; ++i) turn(&x[2 * i], &x[2 * i + 1], cosines[i], sines[i]);
}

void store_kv(const KvLayout& layout, const float* keys, const float* values, int64_t token,
              std::byte* page_layer) {
  const int64_t value_part = layout.kv_head_count * kv_page_tokens * layout.head_dim;
  const bool has_values = layout.values_in_keys == 0;
  for (int64_t head = 0; head < layout.kv_head_count; ++head) {
    for (int64_t i = 0; i < layout.head_dim; ++i) {
      const int64_t source = head * layout.head_dim + i;
      const int64_t target = (head * kv_page_tokens + token) * layout.head_dim + i;
      if (layout.type == KvType::f32) {
        reinterpret_cast<float*>(page_layer)[target] = keys[source];
        if (has_values) reinterpret_cast<float*>(page_layer)[value_part + target] = values[source];
      } else {
        auto* const halves = reinterpret_cast<uint16_t*>(page_layer);
        halves[target] = f16_from_f32(keys[source]);
        if (has_values) halves[value_part + target] = f16_from_f32(values[source]);
      }
    }
  }
}

void softmax(const float* x, int64_t count, float* out) {
  float largest = -std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < count; ++i) largest = x[i] > largest ? x[i] : largest;
  std::array<float, 16> sums = {};
  for (int64_t i = 0; i < count; ++i) {
    out[i] = exp_f32(x[i] - largest);
    sums[i % 16] += out[i];
  }
  const float sum = join_partial_sums(sums);
  for (int64_t i = 0; i < count; ++i) out[i] /= sum;
}

}  // namespace shoal::reference
