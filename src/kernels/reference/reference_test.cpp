// Checks the reference against the definitions in double precision: its values, not the order of its sums.
#include "kernels/reference/reference.h"

#include <gtest/gtest.h>

#include <numeric>

#include "kernels/random_for_test.h"

namespace shoal {
namespace {

using test::Generator;

const Kernels& reference_table() { return kernels_for(Isa::reference); }

double dot(std::span<const float> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double magnitude_dot(std::span<const float> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] * b[i]);
  return sum;
}

TEST(Reference, MatmulIsTheSumOfWeightsTimesActivationsInEveryFormat) {
  Generator generator(11);
  constexpr int64_t rows = 19;
  constexpr int64_t tokens = 18;
  for (const StoredFormat& format : stored_formats()) {
    const bool quantizes = format.packed_format().takes_quantized_input();
    const int64_t columns = format.block_columns == 1 ? 333 : 768;
    const test::StoredRows source = test::random_rows(generator, format, rows, columns);
    std::vector<float> weights(rows * columns);
    format.dequantize(format, source.bytes(), weights);
    WeightMatrix matrix = std::move(*WeightMatrix::allocate(format.packed_format(), rows, columns));
    matrix.pack_rows(format, 0, rows, source.bytes());

    const std::vector<float> x = test::random_floats(generator, tokens * columns, 3.0F);
    std::vector<std::byte> memory(quantized_rows_bytes(tokens, columns));
    const QuantizedRows quantized = place_quantized_rows(memory.data(), tokens, columns);
    reference_table().quantize_rows(x.data(), columns, 0, tokens, quantized);
    std::vector<float> got(tokens * rows);
    reference_table().matmul(matrix, {tokens, x.data(), columns, &quantized}, {got.data(), rows, 0, rows});

    for (int64_t token = 0; token < tokens; ++token) {
      std::vector<double> activations(columns);
      for (int64_t k = 0; k < columns; ++k) {
        const int64_t group = token * group_count(columns) + k / 32;
        activations[k] = quantizes ? static_cast<double>(quantized.scales[group]) *
                                         quantized.values[token * padded_columns(columns) + k]
                                   : static_cast<double>(x[token * columns + k]);
      }
      for (int64_t row = 0; row < rows; ++row) {
        const std::span<const float> weight_row(weights.data() + row * columns, columns);
        const double allowed = 1e-5 * magnitude_dot(weight_row, activations) + 1e-30;
        EXPECT_NEAR(got[token * rows + row], dot(weight_row, activations), allowed) << format.name;
      }
    }
  }
}

TEST(Reference, QuantizedRowsAreTheNearestMultiplesOfTheirScale) {
  Generator generator(12);
  constexpr int64_t columns = 77;  // the last group is short
  const std::vector<float> x = test::random_floats(generator, columns, 5.0F);
  std::vector<std::byte> memory(quantized_rows_bytes(1, columns));
  const QuantizedRows rows = place_quantized_rows(memory.data(), 1, columns);
  reference_table().quantize_rows(x.data(), columns, 0, 1, rows);
  for (int64_t group = 0; group < 3; ++group) {
    float largest = 0;
    int sums[2] = {0, 0};
    for (int64_t i = 0; i < 32; ++i) {
      const int64_t k = 32 * group + i;
      sums[i / 16] += rows.values[k];
      if (k >= columns) {
        EXPECT_EQ(rows.values[k], 0);
        continue;
      }
      largest = std::max(largest, std::abs(x[k]));
      EXPECT_LE(std::abs(x[k] / rows.scales[group] - static_cast<float>(rows.values[k])), 0.5F);
    }
    EXPECT_EQ(rows.scales[group], largest / 127.0F);
    EXPECT_EQ(rows.half_sums[2 * group], sums[0]);
    EXPECT_EQ(rows.half_sums[2 * group + 1], sums[1]);
    EXPECT_EQ(rows.scaled_sums[group], rows.scales[group] * static_cast<float>(sums[0] + sums[1]));
  }
}

TEST(Reference, QuantizationRoundsHalvesToEven) {
  std::vector<float> x(32, 0.0F);
  x[0] = 127.0F;  // scale 1
  x[1] = 0.5F;
  x[2] = 1.5F;
  x[3] = -2.5F;
  std::vector<std::byte> memory(quantized_rows_bytes(1, 32));
  const QuantizedRows rows = place_quantized_rows(memory.data(), 1, 32);
  reference_table().quantize_rows(x.data(), 32, 0, 1, rows);
  EXPECT_EQ(rows.values[1], 0);
  EXPECT_EQ(rows.values[2], 2);
  EXPECT_EQ(rows.values[3], -2);
}

TEST(Reference, AnActivationThatIsNotFiniteMakesTheOutputNotFinite) {
  Generator generator(13);
  const StoredFormat& format = *find_stored_format(DType::q4_k);
  WeightMatrix matrix = std::move(*WeightMatrix::allocate(format.packed_format(), 16, 256));
  matrix.pack_rows(format, 0, 16, test::random_rows(generator, format, 16, 256).bytes());
  for (const float bad : {INFINITY, -INFINITY, NAN}) {
    std::vector<float> x = test::random_floats(generator, 256, 1.0F);
    x[100] = bad;
    std::vector<std::byte> memory(quantized_rows_bytes(1, 256));
    const QuantizedRows rows = place_quantized_rows(memory.data(), 1, 256);
    reference_table().quantize_rows(x.data(), 256, 0, 1, rows);
    std::vector<float> out(16);
    reference_table().matmul(matrix, {1, x.data(), 256, &rows}, {out.data(), 16, 0, 16});
    for (const float value : out) EXPECT_FALSE(std::isfinite(value));
  }
}

TEST(Reference, RmsNormAndSiluFollowTheirFormulas) {
  Generator generator(14);
  constexpr int64_t count = 100;
  const std::vector<float> x = test::random_floats(generator, count, 2.0F);
  const std::vector<float> y = test::random_floats(generator, count, 1.0F);
  double squares = 0;
  for (const float value : x) squares += static_cast<double>(value) * value;
  const double factor = 1 / std::sqrt(squares / count + 0.125);
  std::vector<float> normed(count);
  std::vector<float> activated(count);
  reference_table().rms_norm(x.data(), y.data(), 0.125F, count, normed.data());
  reference_table().silu_multiply(x.data(), y.data(), count, activated.data());
  for (int64_t i = 0; i < count; ++i) {
    const double a = x[i];
    EXPECT_NEAR(normed[i], a * factor * y[i], 1e-6 * std::abs(a * factor * y[i]));
    EXPECT_NEAR(activated[i], a / (1 + std::exp(-a)) * y[i], 1e-6 * std::abs(a * y[i]));
  }
}

TEST(Reference, GatesAndCapsFollowTheirFormulas) {
  Generator generator(18);
  constexpr int64_t count = 200;
  const std::vector<float> x = test::random_floats(generator, count, 2.0F);
  const std::vector<float> y = test::random_floats(generator, count, 2.0F);
  std::vector<float> gelu(count);
  std::vector<float> clipped(count);
  std::vector<float> capped = x;
  std::vector<float> sum = x;
  reference_table().gelu_multiply(x.data(), y.data(), count, gelu.data());
  reference_table().clipped_silu_multiply(x.data(), y.data(), 1.5F, count, clipped.data());
  reference_table().soft_cap(capped.data(), 2.5F, count);
  reference_table().add_scaled(sum.data(), y.data(), 0.75F, count);
  for (int64_t i = 0; i < count; ++i) {
    const double a = x[i];
    const double b = y[i];
    const double t = std::sqrt(2 / M_PI) * (a + 0.044715 * a * a * a);
    EXPECT_NEAR(gelu[i], a / 2 * (1 + std::tanh(t)) * b, 2e-6 * std::abs(a * b));
    const double gate = std::min(a, 1.5);
    const double up = std::clamp(b, -1.5, 1.5) + 1;
    EXPECT_NEAR(clipped[i], gate / (1 + std::exp(-1.702 * gate)) * up, 2e-6 * std::abs(gate * up));
    EXPECT_NEAR(capped[i], 2.5 * std::tanh(a / 2.5), 1e-6);
    EXPECT_NEAR(sum[i], a + 0.75 * b, 1e-6);
  }
}

TEST(Reference, SoftmaxSumsToOneInTheRightProportions) {
  Generator generator(15);
  constexpr int64_t count = 37;
  const std::vector<float> x = test::random_floats(generator, count, 8.0F);
  std::vector<float> out(count);
  reference_table().softmax(x.data(), count, out.data());
  double sum = 0;
  for (const float value : x) sum += std::exp(static_cast<double>(value));
  for (int64_t i = 0; i < count; ++i) {
    const double expected = std::exp(static_cast<double>(x[i])) / sum;
    EXPECT_NEAR(out[i], expected, 4e-6 * expected);  // differences up to 40 are rounded at 2e-6
  }
}

TEST(Reference, RopeTurnsPairsByTheirAngle) {
  Generator generator(16);
  constexpr int64_t pairs = 10;
  std::vector<float> frequencies(pairs);
  for (int64_t i = 0; i < pairs; ++i) frequencies[i] = std::pow(10000.0F, -static_cast<float>(i) / pairs);
  std::vector<float> cosines(pairs);
  std::vector<float> sines(pairs);
  rope_angles(100000.0F, frequencies, 1.5F, cosines.data(), sines.data());
  const std::vector<float> x = test::random_floats(generator, 2 * pairs, 1.0F);
  std::vector<float> half = x;
  std::vector<float> interleaved = x;
  reference_table().rope_half(half.data(), cosines.data(), sines.data(), pairs);
  reference_table().rope_interleaved(interleaved.data(), cosines.data(), sines.data(), pairs);
  for (int64_t i = 0; i < pairs; ++i) {
    const double angle = 100000.0F * frequencies[i];  // the product in float32
    const auto expect_turned = [&](double a, double b, float got_a, float got_b) {
      EXPECT_NEAR(got_a, 1.5 * (a * std::cos(angle) - b * std::sin(angle)), 2e-6);
      EXPECT_NEAR(got_b, 1.5 * (a * std::sin(angle) + b * std::cos(angle)), 2e-6);
    };
    expect_turned(x[i], x[i + pairs], half[i], half[i + pairs]);
    expect_turned(x[2 * i], x[2 * i + 1], interleaved[2 * i], interleaved[2 * i + 1]);
  }
}

struct AttentionKind {
  KvType type = KvType::f32;
  int64_t values_in_keys = 0;
  int64_t window = 0;
  double soft_cap = 0;
  bool has_sinks = false;
};

// One sequence of 150 keys (three chunks) in pages of two layers; the second layer is attended to.
TEST(Reference, AttentionIsTheSoftmaxWeightedMeanOfTheValues) {
  Generator generator(17);
  constexpr int64_t head_dim = 24;
  constexpr int64_t heads = 4;
  constexpr int64_t kv_heads = 2;
  constexpr int64_t key_count = 150;
  const AttentionKind kinds[] = {{.type = KvType::f32},
                                 {.type = KvType::f16},
                                 {.window = 70},
                                 {.window = 3, .has_sinks = true},
                                 {.soft_cap = 1.5, .has_sinks = true},
                                 {.values_in_keys = 17, .window = 64}};
  const std::vector<float> sinks = test::random_floats(generator, heads, 2.0F);
  for (const AttentionKind& kind : kinds) {
    const KvType type = kind.type;
    const KvLayout layout{
        .type = type, .kv_head_count = kv_heads, .head_dim = head_dim, .values_in_keys = kind.values_in_keys};
    const int64_t value_dim = layout.value_dim();
    const std::vector<float> keys = test::random_floats(generator, key_count * kv_heads * head_dim, 1.0F);
    const std::vector<float> values = test::random_floats(generator, key_count * kv_heads * head_dim, 1.0F);
    std::vector<std::vector<std::byte>> pages(3, std::vector<std::byte>(2 * layout.layer_bytes()));
    std::vector<const std::byte*> page_list;
    for (const auto& page : pages) page_list.push_back(page.data());
    for (int64_t key = 0; key < key_count; ++key) {
      const int64_t offset = key * kv_heads * head_dim;
      reference_table().store_kv(layout, keys.data() + offset, values.data() + offset, key % 64,
                                 pages[key / 64].data() + layout.layer_bytes());
    }
    const std::vector<float> query = test::random_floats(generator, heads * head_dim, 1.0F);
    for (const int64_t position : {int64_t{0}, int64_t{63}, int64_t{64}, key_count - 1}) {
      std::vector<float> out(heads * value_dim);
      const AttentionRow row{query.data(), out.data(), position, page_list.data()};
      std::vector<float> scratch(attention_scratch_floats(layout, heads / kv_heads));
      reference_table().attention({layout, layout.layer_bytes(), heads, 0.25F, std::span(&row, 1), 0, heads,
                                   scratch.data(), kind.window, static_cast<float>(kind.soft_cap),
                                   kind.has_sinks ? sinks.data() : nullptr});
      for (int64_t head = 0; head < heads; ++head) {
        std::vector<double> mean(value_dim);
        double sum = kind.has_sinks ? std::exp(static_cast<double>(sinks[head])) : 0;
        for (int64_t key = 0; key <= position; ++key) {
          if (kind.window > 0 && key <= position - kind.window) continue;
          const int64_t offset = (key * kv_heads + head / 2) * head_dim;
          double score = 0;
          for (int64_t i = 0; i < head_dim; ++i) {
            score += 0.25 * static_cast<double>(query[head * head_dim + i]) * keys[offset + i];
          }
          if (kind.soft_cap > 0) score = kind.soft_cap * std::tanh(score / kind.soft_cap);
          sum += std::exp(score);
          const std::vector<float>& source = kind.values_in_keys > 0 ? keys : values;
          for (int64_t i = 0; i < value_dim; ++i) mean[i] += std::exp(score) * source[offset + i];
        }
        const double tolerance = type == KvType::f32 ? 5e-6 : 5e-3;
        for (int64_t i = 0; i < value_dim; ++i)
          EXPECT_NEAR(out[head * value_dim + i], mean[i] / sum, tolerance);
      }
    }
  }
}

}  // namespace
}  // namespace shoal
