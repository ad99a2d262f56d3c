#include "kernels/weight_matrix.h"

#include <gtest/gtest.h>

#include "kernels/kernels.h"
#include "kernels/random_for_test.h"
#include "kernels/same_bits_for_test.h"

namespace shoal {
namespace {

using test::Generator;
using test::same_bits;

// Packs the rows in two calls and compares each row of the matrix with its own dequantisation.
void expect_exact_rows(const StoredFormat& stored, const WeightFormat& format, const StoredBytes& source,
                       int64_t rows, int64_t columns) {
  auto matrix = WeightMatrix::allocate(format, rows, columns);
  ASSERT_TRUE(matrix);
  const auto part = [&](int64_t first_row, int64_t count) {
    StoredBytes bytes;
    for (int64_t tensor = 0; tensor < stored_tensors; ++tensor) {
      const int64_t row_bytes = stored.row_bytes(tensor, columns);
      bytes[tensor] = source[tensor].subspan(first_row * row_bytes, count * row_bytes);
    }
    return bytes;
  };
  for (int64_t row = 0; row < rows; row += 16) {
    const int64_t count = std::min<int64_t>(16, rows - row);
    matrix->pack_rows(stored, row, count, part(row, count));
  }
  for (int64_t row = 0; row < rows; ++row) {
    std::vector<float> values(columns);
    kernels_for(Isa::reference).dequantize_row(*matrix, row, values.data());
    std::vector<float> expected(columns);
    stored.dequantize(stored, part(row, 1), expected);
    EXPECT_TRUE(same_bits(values, expected)) << stored.name << " row " << row << " of " << rows;
  }
}

TEST(WeightMatrix, HoldsEveryRowExactlyWhateverTheRowCount) {
  Generator generator(1);
  for (const StoredFormat& stored : stored_formats()) {
    for (const int64_t rows : {1, 15, 16, 17, 33}) {
      const int64_t columns = stored.block_columns == 1 ? 37 : 2 * stored.block_columns;
      const test::StoredRows source = test::random_rows(generator, stored, rows, columns);
      expect_exact_rows(stored, stored.packed_format(), source.bytes(), rows, columns);
      expect_exact_rows(stored, kept_as_stored(stored), source.bytes(), rows, columns);
    }
  }
}

TEST(WeightMatrix, TakesAtMostATenthMoreThanTheFile) {
  for (const StoredFormat& stored : stored_formats()) {
    const WeightFormat format = stored.packed_format();
    const int64_t packed = *packed_weight_bytes(format, 1536, 8960);
    int64_t file = 0;
    for (int64_t tensor = 0; tensor < stored_tensors; ++tensor) file += 1536 * stored.row_bytes(tensor, 8960);
    EXPECT_GE(packed, file);
    EXPECT_LE(packed * 10, file * 11) << stored.name;
    EXPECT_EQ(WeightMatrix::allocate(format, 1536, 8960)->packed_bytes(), packed);
    EXPECT_EQ(packed_weight_bytes(kept_as_stored(stored), 1536, 8960), file);
  }
}

TEST(WeightMatrix, RefusesWhatIsNoWeightMatrixAndSaysWhy) {
  constexpr WeightFormat f32 = {.numbers = Numbers::f32};
  constexpr WeightFormat q8_0 = {.numbers = Numbers::integers, .layout = layouts::q8_0};
  constexpr WeightFormat q4_k = {.numbers = Numbers::integers, .layout = layouts::q4_k};
  EXPECT_EQ(packed_weight_bytes(q4_k, 16, 32).error().message,
            "a weight matrix of type Q4_K with 16 rows and 32 columns: columns must be a multiple of 256");
  EXPECT_EQ(packed_weight_bytes(kept_as_stored(*find_stored_format(DType::q5_1)), 16, 33).error().message,
            "a weight matrix of type Q5_1 with 16 rows and 33 columns: columns must be a multiple of 32");
  EXPECT_EQ(WeightMatrix::allocate(f32, 0, 32).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(packed_weight_bytes(f32, 0, 32).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(packed_weight_bytes(f32, 16, -32).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(packed_weight_bytes(q8_0, int64_t{1} << 40, int64_t{1} << 40).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(packed_weight_bytes(f32, INT64_MAX, 1).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(packed_weight_bytes(f32, 1, INT64_MAX / 4).error().code, ErrorCode::invalid_argument);
}

// A format whose matrices are made of three tensors, and which has no pack(): one byte a weight, in groups of
// four columns with a scale and a bias of bf16 each.
void dequantize_groups_of_four(const StoredFormat& format, const StoredBytes& blocks,
                               std::span<float> target) {
  for (int64_t i = 0; i < std::ssize(target); ++i) {
    const int64_t group = i / format.block_columns;
    const auto quant = static_cast<float>(static_cast<uint8_t>(blocks[0][i]));
    target[i] = read_scale(ScaleKind::bf16, &blocks[1][2 * group]) * quant +
                read_scale(ScaleKind::bf16, &blocks[2][2 * group]);
  }
}

TEST(WeightMatrix, MayBeMadeOfThreeTensorsThatStayAsTheyAreStored) {
  const StoredFormat stored{.name = "groups of four",
                            .type = std::nullopt,
                            .block_columns = 4,
                            .block_bytes = {4, 2, 2},
                            .dequantize = dequantize_groups_of_four};
  const StoredFormat& bf16 = *find_stored_format(DType::bf16);
  Generator generator(2);
  for (const int64_t rows : {1, 16, 33}) {
    const int64_t columns = 300;
    std::vector<std::byte> weights(rows * columns);
    for (std::byte& weight : weights) weight = static_cast<std::byte>(generator());
    const std::vector<std::byte> scales = test::random_rows(generator, bf16, rows, columns / 4).tensors[0];
    const std::vector<std::byte> biases = test::random_rows(generator, bf16, rows, columns / 4).tensors[0];
    EXPECT_EQ(format_name(stored.packed_format()), "groups of four");
    EXPECT_EQ(packed_weight_bytes(stored.packed_format(), 32, columns), 32 * columns * 2);
    expect_exact_rows(stored, stored.packed_format(), {weights, scales, biases}, rows, columns);
  }
}

}  // namespace
}  // namespace shoal
