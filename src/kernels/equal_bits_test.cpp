// Checks that every function, format and instruction set gives the bits of reference/, on awkward shapes and
// values.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>

#include "kernels/cpu/avx512_emulated.h"
#include "kernels/kernels.h"
#include "kernels/random_for_test.h"
#include "kernels/same_bits_for_test.h"

namespace shoal {
namespace {

using test::Generator;
using test::same_bits;

struct Candidate {
  std::string name;
  const Kernels* table;  // nullptr: cannot run on this machine
};

void PrintTo(const Candidate& candidate, std::ostream* stream) { *stream << candidate.name; }

std::vector<Candidate> candidates() {
  std::vector<Candidate> all;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    all.push_back({std::string(isa_name(isa)), isa_available(isa) ? &kernels_for(isa) : nullptr});
  }
  all.push_back({"avx512_emulated", cpu::avx512_emulated_table()});
  return all;
}

class EqualBits : public testing::TestWithParam<Candidate> {
 protected:
  void SetUp() override {
    if (GetParam().table == nullptr) GTEST_SKIP() << "this processor or build has no " << GetParam().name;
  }
  const Kernels& fast() const { return *GetParam().table; }
  const Kernels& reference() const { return kernels_for(Isa::reference); }
  Generator generator_{7};
};

INSTANTIATE_TEST_SUITE_P(Isa, EqualBits, testing::ValuesIn(candidates()),
                         [](const auto& candidate) { return candidate.param.name; });

// Quantised rows that own their memory and can be compared as a whole.
struct Rows {
  Rows(int64_t row_count, int64_t columns) : memory(quantized_rows_bytes(row_count, columns) / 64 + 1) {
    view = place_quantized_rows(reinterpret_cast<std::byte*>(memory.data()), row_count, columns);
  }
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> memory;
  QuantizedRows view;
};

void fill_sums(const QuantizedRows& rows) {
  const int64_t groups = rows.row_count * group_count(rows.columns);
  for (int64_t group = 0; group < groups; ++group) {
    int sums[2] = {0, 0};
    for (int64_t i = 0; i < 32; ++i) sums[i / 16] += rows.values[group * 32 + i];
    for (int64_t half = 0; half < 2; ++half)
      rows.half_sums[2 * group + half] = static_cast<int16_t>(sums[half]);
    rows.scaled_sums[group] = rows.scales[group] * static_cast<float>(sums[0] + sums[1]);
  }
}

enum class Values { random, extreme };

// Random values are what quantize_rows makes of numbers of very different sizes. Extreme values are runs of
// ±127 with scales from 2^-99 on.
Rows make_rows(Generator& generator, int64_t row_count, int64_t columns, Values values) {
  Rows rows(row_count, columns);
  const int64_t groups = row_count * group_count(columns);
  if (values == Values::random) {
    std::vector<float> x = test::random_floats(generator, row_count * columns, 1.0F);
    for (int64_t i = 0; i < row_count * columns; ++i)
      x[i] = std::ldexp(x[i], static_cast<int>(i / 32 % 40) - 20);
    kernels_for(Isa::reference).quantize_rows(x.data(), columns, 0, row_count, rows.view);
    return rows;
  }
  for (int64_t group = 0; group < groups; ++group) {
    const bool one_sign = generator() % 2 == 0;
    for (int64_t i = 0; i < 32; ++i) {
      const bool negative = one_sign ? group % 2 == 0 : generator() % 2 == 0;
      rows.view.values[group * 32 + i] = negative ? int8_t{-127} : int8_t{127};
    }
    rows.view.scales[group] = std::ldexp(1.0F, static_cast<int>(generator() % 120) - 99);
  }
  fill_sums(rows.view);
  return rows;
}

// As random_rows, but all quants and sub-scales of a row are the same byte.
test::StoredRows extreme_rows(Generator& generator, const StoredFormat& format, int64_t rows,
                              int64_t columns) {
  test::StoredRows source = test::random_rows(generator, format, rows, columns);
  if (!format.packed_format().takes_quantized_input()) return source;
  std::vector<std::byte>& bytes = source.tensors[0];
  constexpr uint8_t patterns[] = {0x00, 0xff, 0x80, 0x7f, 0x0f, 0xf0, 0x81};
  const int64_t block = format.block_bytes[0];
  const std::vector<int64_t> factors = test::factor_places(format);
  for (int64_t i = 0; i < static_cast<int64_t>(bytes.size()); ++i) {
    const auto holds_place = [&](int64_t factor) { return i % block == factor || i % block == factor + 1; };
    if (std::ranges::none_of(factors, holds_place))
      bytes[i] = static_cast<std::byte>(patterns[i / block % 7]);
  }
  return source;
}

WeightMatrix pack(const StoredFormat& stored, const WeightFormat& format, int64_t rows, int64_t columns,
                  const StoredBytes& source) {
  WeightMatrix matrix = std::move(*WeightMatrix::allocate(format, rows, columns));
  matrix.pack_rows(stored, 0, rows, source);
  return matrix;
}

struct Case {
  const StoredFormat& stored;
  WeightFormat format;
  int64_t rows;
  int64_t columns;
  int64_t tokens;
  Values values;
};

std::string describe(const Case& c) {
  return std::string(c.stored.name) + (c.format.numbers == Numbers::as_stored ? " as stored" : "") +
         " rows " + std::to_string(c.rows) + " columns " + std::to_string(c.columns) + " tokens " +
         std::to_string(c.tokens) + (c.values == Values::extreme ? " extreme" : " random");
}

// Runs both tables on outputs [first, end) of a larger target, of which nothing else may change.
void expect_equal_matmul(const Kernels& fast, Generator& generator, const Case& c, int64_t first,
                         int64_t end) {
  const bool extreme = c.values == Values::extreme;
  const test::StoredRows source = extreme ? extreme_rows(generator, c.stored, c.rows, c.columns)
                                          : test::random_rows(generator, c.stored, c.rows, c.columns);
  const WeightMatrix weights = pack(c.stored, c.format, c.rows, c.columns, source.bytes());
  const int64_t input_stride = c.columns + 3;
  const std::vector<float> x =
      test::random_floats(generator, c.tokens * input_stride, extreme ? 0x1p-126F : 1.0F);
  const Rows quantized = make_rows(generator, c.tokens, c.columns, c.values);
  const MatmulInput input{
      .row_count = c.tokens, .values = x.data(), .value_stride = input_stride, .quantized = &quantized.view};
  const int64_t output_stride = c.rows + 5;
  std::vector<float> expected(c.tokens * output_stride, -1234.5F);
  std::vector<float> got = expected;
  const auto run = [&](const Kernels& table, std::vector<float>& target) {
    table.matmul(
        weights, input,
        {.values = target.data(), .value_stride = output_stride, .first_output = first, .end_output = end});
  };
  run(kernels_for(Isa::reference), expected);
  run(fast, got);
  EXPECT_TRUE(same_bits(got, expected)) << describe(c) << " outputs " << first << " to " << end;
}

std::vector<int64_t> awkward_columns(const StoredFormat& format) {
  if (format.block_columns == 1) return {1, 7, 37, 64};
  if (format.block_columns == 32) return {32, 64, 256, 288};
  return {format.block_columns, 2 * format.block_columns, 3 * format.block_columns};
}

TEST_P(EqualBits, MatmulOfEveryFormatOnAwkwardShapesAndValues) {
  for (const StoredFormat& format : stored_formats()) {
    if (format.pack == nullptr) continue;  // the tests of what stays as stored have it
    for (const int64_t rows : {1, 15, 16, 17, 33}) {
      for (const int64_t columns : awkward_columns(format)) {
        for (const int64_t tokens : {1, 2, 3, 7, 16, 33}) {
          for (const Values values : {Values::random, Values::extreme}) {
            expect_equal_matmul(fast(), generator_,
                                {format, format.packed_format(), rows, columns, tokens, values}, 0, rows);
          }
        }
      }
    }
  }
}

TEST_P(EqualBits, MatmulOfAPartOfTheOutputs) {
  for (const StoredFormat& stored : stored_formats()) {
    for (const WeightFormat& format : {stored.packed_format(), kept_as_stored(stored)}) {
      expect_equal_matmul(fast(), generator_, {stored, format, 53, 256, 5, Values::random}, 16, 48);
      expect_equal_matmul(fast(), generator_, {stored, format, 53, 256, 5, Values::random}, 32, 53);
    }
  }
}

// There are enough tokens for several panels of the second-level cache.
TEST_P(EqualBits, MatmulOfManyTokens) {
  for (const DType type : {DType::q4_k, DType::q8_0, DType::f16}) {
    const StoredFormat& format = *find_stored_format(type);
    expect_equal_matmul(fast(), generator_, {format, format.packed_format(), 17, 2048, 131, Values::random},
                        0, 17);
  }
}

// Columns are read in pieces of 256.
TEST_P(EqualBits, MatmulOfEveryFormatThatStaysAsStored) {
  for (const StoredFormat& stored : stored_formats()) {
    for (const int64_t rows : {1, 33}) {
      for (const int64_t columns : {stored.block_columns, 512 + stored.block_columns}) {
        for (const int64_t tokens : {1, 7, 33}) {
          const WeightFormat format = kept_as_stored(stored);
          expect_equal_matmul(fast(), generator_, {stored, format, rows, columns, tokens, Values::random}, 0,
                              rows);
        }
      }
    }
  }
}

TEST_P(EqualBits, AFormatThatStaysAsStoredGivesTheBitsOfItsValuesAsFloats) {
  constexpr int64_t rows = 21;
  constexpr int64_t columns = 768;
  constexpr int64_t tokens = 9;
  for (const StoredFormat& stored : stored_formats()) {
    const test::StoredRows source = test::random_rows(generator_, stored, rows, columns);
    std::vector<float> values(rows * columns);
    stored.dequantize(stored, source.bytes(), values);
    const WeightMatrix kept = pack(stored, kept_as_stored(stored), rows, columns, source.bytes());
    const WeightMatrix floats = pack(*find_stored_format(DType::f32), {.numbers = Numbers::f32}, rows,
                                     columns, {std::as_bytes(std::span(values))});
    const std::vector<float> x = test::random_floats(generator_, tokens * columns, 1.0F);
    const MatmulInput input{
        .row_count = tokens, .values = x.data(), .value_stride = columns, .quantized = nullptr};
    std::vector<float> expected(tokens * rows);
    std::vector<float> got(tokens * rows, -1234.5F);
    reference().matmul(
        floats, input,
        {.values = expected.data(), .value_stride = rows, .first_output = 0, .end_output = rows});
    fast().matmul(kept, input,
                  {.values = got.data(), .value_stride = rows, .first_output = 0, .end_output = rows});
    EXPECT_TRUE(same_bits(got, expected)) << stored.name;
  }
}

TEST_P(EqualBits, QuantizeRows) {
  for (const int64_t columns : {1, 15, 16, 17, 31, 32, 33, 288}) {
    std::vector<float> x = test::random_floats(generator_, 40 * columns, 1.0F);
    for (size_t i = 0; i < x.size(); ++i) x[i] = std::ldexp(x[i], static_cast<int>(i * 7 % 280) - 150);
    for (int64_t i = 0; i < columns; ++i) {
      x[3 * columns + i] = 0.0F;
      x[4 * columns + i] = static_cast<float>(i % 255 - 127) * 0.5F;  // halfway between two integers
      x[5 * columns + i] = i % 2 == 0 ? 0x1p-149F : -0x1p-148F;
      x[6 * columns + i] = 0x1p-100F * 127.0F * (i % 3 == 0 ? 0.999F : 0.5F);
      x[7 * columns + i] = 3.4e38F;
    }
    x[8 * columns] = INFINITY;
    x[9 * columns] = -INFINITY;
    x[10 * columns + columns / 2] = NAN;
    Rows expected(40, columns);
    Rows got(40, columns);
    reference().quantize_rows(x.data(), columns, 0, 40, expected.view);
    fast().quantize_rows(x.data(), columns, 0, 17, got.view);
    fast().quantize_rows(x.data(), columns, 17, 40, got.view);
    EXPECT_EQ(std::memcmp(expected.memory.data(), got.memory.data(), expected.memory.size() * 64), 0)
        << columns;
  }
}

TEST_P(EqualBits, SmallFunctions) {
  for (const int64_t count : {1, 15, 16, 17, 64, 100, 1536}) {
    for (const float magnitude : {1.0F, 30.0F, 0x1p-70F, 0x1p-140F}) {
      const std::vector<float> x = test::random_floats(generator_, count, magnitude);
      const std::vector<float> y = test::random_floats(generator_, count, magnitude);
      const auto compare = [&](const char* name, auto function) {
        std::vector<float> expected(count + 3, 5.0F);
        std::vector<float> got = expected;
        std::copy(x.begin(), x.end(), expected.begin());
        std::copy(x.begin(), x.end(), got.begin());
        function(reference(), expected.data());
        function(fast(), got.data());
        EXPECT_TRUE(same_bits(got, expected)) << name << " " << count << " " << magnitude;
      };
      compare("rms_norm",
              [&](const Kernels& k, float* out) { k.rms_norm(x.data(), y.data(), 1e-6F, count, out); });
      compare("softmax", [&](const Kernels& k, float* out) { k.softmax(out, count, out); });
      compare("silu", [&](const Kernels& k, float* out) { k.silu_multiply(x.data(), y.data(), count, out); });
      compare("gelu", [&](const Kernels& k, float* out) { k.gelu_multiply(x.data(), y.data(), count, out); });
      compare("clipped silu", [&](const Kernels& k, float* out) {
        k.clipped_silu_multiply(x.data(), y.data(), 1.5F, count, out);
      });
      compare("add scaled", [&](const Kernels& k, float* out) { k.add_scaled(out, y.data(), 0.3F, count); });
      compare("soft cap", [&](const Kernels& k, float* out) { k.soft_cap(out, 2.5F, count); });
      compare("add", [&](const Kernels& k, float* out) { k.add(out, y.data(), count); });
    }
  }
}

TEST_P(EqualBits, Rope) {
  for (const int64_t pairs : {1, 4, 16, 20, 32, 64}) {
    const std::vector<float> frequencies = test::random_floats(generator_, pairs, 1.0F);
    std::vector<float> cosines(pairs);
    std::vector<float> sines(pairs);
    rope_angles(777.0F, frequencies, 1.0F, cosines.data(), sines.data());
    const std::vector<float> x = test::random_floats(generator_, 2 * pairs, 1.0F);
    for (const auto function : {&Kernels::rope_half, &Kernels::rope_interleaved}) {
      std::vector<float> expected = x;
      std::vector<float> got = x;
      (reference().*function)(expected.data(), cosines.data(), sines.data(), pairs);
      (fast().*function)(got.data(), cosines.data(), sines.data(), pairs);
      EXPECT_TRUE(same_bits(got, expected)) << pairs;
    }
  }
}

struct AttentionShape {
  KvType type;
  int64_t head_dim;
  int64_t kv_heads;
  int64_t heads_per_kv_head;
  int64_t values_in_keys = 0;
  int64_t window = 0;
  float soft_cap = 0;
  bool has_sinks = false;
};

// Attends over two sequences of random keys and values, which the table under test stored; returns the output
// of rows of both.
std::vector<float> attend(const Kernels& table, Generator generator, const AttentionShape& shape,
                          const std::vector<int64_t>& positions) {
  const KvLayout layout{.type = shape.type,
                        .kv_head_count = shape.kv_heads,
                        .head_dim = shape.head_dim,
                        .values_in_keys = shape.values_in_keys};
  const int64_t layer_offset = layout.layer_bytes();
  constexpr int64_t page_count = 5;
  const int64_t width = shape.kv_heads * shape.head_dim;
  const int64_t heads = shape.kv_heads * shape.heads_per_kv_head;
  std::vector<std::vector<std::byte>> pages(2 * page_count, std::vector<std::byte>(2 * layout.layer_bytes()));
  std::vector<const std::byte*> lists[2];
  for (int64_t sequence = 0; sequence < 2; ++sequence) {
    for (int64_t token = 0; token < page_count * kv_page_tokens; ++token) {
      std::vector<float> keys = test::random_floats(generator, width, 1.0F);
      std::vector<float> values = test::random_floats(generator, width, token % 7 == 0 ? 1e-6F : 1.0F);
      if (token == 70) keys = test::random_floats(generator, width, 20.0F);
      table.store_kv(layout, keys.data(), values.data(), token % kv_page_tokens,
                     pages[sequence * page_count + token / kv_page_tokens].data() + layer_offset);
    }
    for (int64_t page = 0; page < page_count; ++page)
      lists[sequence].push_back(pages[sequence * page_count + page].data());
  }
  const auto row_count = static_cast<int64_t>(positions.size());
  const std::vector<float> queries = test::random_floats(generator, row_count * heads * shape.head_dim, 1.0F);
  const std::vector<float> sinks = test::random_floats(generator, heads, 3.0F);
  std::vector<float> outputs(row_count * heads * layout.value_dim());
  std::vector<AttentionRow> rows;
  for (int64_t row = 0; row < row_count; ++row) {
    rows.push_back({.query = queries.data() + row * heads * shape.head_dim,
                    .output = outputs.data() + row * heads * layout.value_dim(),
                    .position = positions[row],
                    .pages = lists[row * 3 / row_count % 2].data()});
  }
  std::vector<float> scratch(attention_scratch_floats(layout, shape.heads_per_kv_head));
  for (int64_t head = 0; head < heads; head += 2) {  // some calls have heads of two kv heads
    table.attention({.layout = layout,
                     .layer_offset = layer_offset,
                     .head_count = heads,
                     .scale = 1.0F / std::sqrt(static_cast<float>(shape.head_dim)),
                     .rows = rows,
                     .first_head = head,
                     .end_head = std::min(head + 2, heads),
                     .scratch = scratch.data(),
                     .window = shape.window,
                     .soft_cap = shape.soft_cap,
                     .sinks = shape.has_sinks ? sinks.data() : nullptr});
  }
  return outputs;
}

std::vector<int64_t> awkward_positions() {
  std::vector<int64_t> positions = {0, 1, 5, 62, 63, 64, 65, 127, 128, 200, 319, 14};
  for (int64_t position = 100; position < 140; ++position) positions.push_back(position);
  return positions;
}

TEST_P(EqualBits, AttentionOfWindowsCapsSinksAndLatentValues) {
  const std::vector<int64_t> positions = awkward_positions();
  for (const int64_t values_in_keys : {0, 33}) {
    for (const int64_t window : {0, 1, 5, 64, 100}) {
      for (const float soft_cap : {0.0F, 2.0F}) {
        const AttentionShape shape{.type = KvType::f16,
                                   .head_dim = 40,
                                   .kv_heads = 2,
                                   .heads_per_kv_head = 3,
                                   .values_in_keys = values_in_keys,
                                   .window = window,
                                   .soft_cap = soft_cap,
                                   .has_sinks = window % 2 == 0};
        EXPECT_TRUE(same_bits(attend(fast(), generator_, shape, positions),
                              attend(reference(), generator_, shape, positions)))
            << values_in_keys << " " << window << " " << soft_cap;
      }
    }
  }
}

TEST_P(EqualBits, AttentionOverChunksForEveryHeadSize) {
  const std::vector<int64_t> positions = awkward_positions();
  for (const KvType type : {KvType::f16, KvType::f32}) {
    for (const int64_t head_dim : {8, 20, 64, 80, 128}) {
      const AttentionShape shape{.type = type, .head_dim = head_dim, .kv_heads = 2, .heads_per_kv_head = 3};
      EXPECT_TRUE(same_bits(attend(fast(), generator_, shape, positions),
                            attend(reference(), generator_, shape, positions)))
          << head_dim;
    }
  }
}

TEST_P(EqualBits, AttentionOfARowAloneIsThatOfTheRowInABatch) {
  const AttentionShape shape{.type = KvType::f16, .head_dim = 64, .kv_heads = 1, .heads_per_kv_head = 1};
  const std::vector<float> alone = attend(fast(), generator_, shape, {200});
  // The queries are drawn in order, so the first row of both calls is the same.
  const std::vector<float> batch = attend(fast(), generator_, shape, {200, 3, 64, 250, 17});
  EXPECT_EQ(std::memcmp(alone.data(), batch.data(), alone.size() * sizeof(float)), 0);
}

}  // namespace
}  // namespace shoal
