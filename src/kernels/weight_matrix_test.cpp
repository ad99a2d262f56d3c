#include "kernels/weight_matrix.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/test_data_for_test.h"
#include "kernels/kernels.h"
#include "kernels/random_for_test.h"

namespace shoal {
namespace {

using test::Generator;

std::vector<float> dequantized(DType type, std::span<const std::byte> bytes, int64_t count) {
  std::vector<float> values(count);
  dequantize(type, bytes, values);
  return values;
}

bool have_same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

// The bytes of one tensor in a small safetensors file.
std::string tensor_bytes(const std::string& file, const std::string& name) {
  uint64_t header_bytes;
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  const auto header = nlohmann::json::parse(file.substr(8, header_bytes));
  const auto offsets = header.at(name).at("data_offsets");
  const uint64_t begin = offsets.at(0).get<uint64_t>();
  return file.substr(8 + header_bytes + begin, offsets.at(1).get<uint64_t>() - begin);
}

TEST(Dequantize, GivesTheBitsOfGgmlForEveryBlockFormat) {
  const std::filesystem::path path = test_data_path("oracles/gguf/blocks.safetensors");
  if (!exists(path)) GTEST_SKIP() << path;
  std::ifstream stream(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  int formats = 0;
  for (const DType type : test::weight_formats) {
    if (is_float_weight(type)) continue;
    const std::string name(dtype_info(type).name);
    const std::string blocks = tensor_bytes(file, name + ".blocks");
    const std::string expected = tensor_bytes(file, name + ".values");
    std::vector<float> values(expected.size() / sizeof(float));
    std::memcpy(values.data(), expected.data(), expected.size());
    const auto got = dequantized(type, std::as_bytes(std::span(blocks)), static_cast<int64_t>(values.size()));
    EXPECT_TRUE(have_same_bits(got, values)) << name;
    ++formats;
  }
  EXPECT_EQ(formats, 8);
}

TEST(Dequantize, ReadsHalvesSubnormalsIncluded) {
  const std::vector<uint16_t> halves = {0x3c00, 0xbc01, 0x0001, 0x83ff, 0x7bff, 0x8000};
  const auto bytes = std::as_bytes(std::span(halves));
  const std::vector<float> expected = {1.0F, -1.0009765625F, 0x1p-24F, -0x1.ff8p-15F, 65504.0F, -0.0F};
  EXPECT_TRUE(have_same_bits(dequantized(DType::f16, bytes, 6), expected));
  const std::vector<float> expected_bf16 = {0x1p-7F,       -0x1.02p-7F, 0x1p-133F,
                                            -0x1.fep-120F, 0x1.fep120F, -0.0F};
  EXPECT_TRUE(have_same_bits(dequantized(DType::bf16, bytes, 6), expected_bf16));
}

TEST(Half, RoundsToNearestEvenAndKeepsSubnormals) {
  for (uint32_t half = 0; half < 0x7c00; ++half) {
    const float value = f32_from_f16(static_cast<uint16_t>(half));
    const float next = f32_from_f16(static_cast<uint16_t>(half + 1));
    EXPECT_EQ(f16_from_f32(value), half);
    EXPECT_EQ(f16_from_f32(-value), half | 0x8000);
    if (half == 0x7bff) break;
    const float middle = value + (next - value) / 2;
    EXPECT_EQ(f16_from_f32(middle), half + half % 2);
    EXPECT_EQ(f16_from_f32(std::nextafter(middle, 0.0F)), half);
    EXPECT_EQ(f16_from_f32(std::nextafter(middle, next)), half + 1);
  }
  EXPECT_EQ(f16_from_f32(65519.99F), 0x7bff);
  EXPECT_EQ(f16_from_f32(65520.0F), 0x7c00);
  EXPECT_EQ(f16_from_f32(INFINITY), 0x7c00);
}

TEST(WeightMatrix, HoldsEveryRowExactlyWhateverTheRowCount) {
  Generator generator(1);
  for (const DType type : test::weight_formats) {
    for (const int64_t rows : {1, 15, 16, 17, 33}) {
      const int64_t columns = is_float_weight(type) ? 37 : 2 * dtype_info(type).block_elements;
      const std::vector<std::byte> source = test::random_rows(generator, type, rows, columns);
      auto matrix = WeightMatrix::allocate(type, rows, columns);
      ASSERT_TRUE(matrix);
      const int64_t row_bytes = *bytes_of(type, columns);
      for (int64_t row = 0; row < rows; row += 16) {
        const int64_t count = std::min<int64_t>(16, rows - row);
        matrix->pack_rows(row, count, std::span(source).subspan(row * row_bytes, count * row_bytes));
      }
      for (int64_t row = 0; row < rows; ++row) {
        std::vector<float> values(columns);
        kernels_for(Isa::reference).dequantize_row(*matrix, row, values.data());
        const auto expected =
            dequantized(type, std::span(source).subspan(row * row_bytes, row_bytes), columns);
        EXPECT_TRUE(have_same_bits(values, expected))
            << dtype_info(type).name << " row " << row << " of " << rows;
      }
    }
  }
}

TEST(WeightMatrix, TakesAtMostATenthMoreThanTheFile) {
  for (const DType type : test::weight_formats) {
    const int64_t packed = *packed_weight_bytes(type, 1536, 8960);
    const int64_t file = *bytes_of(type, 1536 * 8960);
    EXPECT_GE(packed, file);
    EXPECT_LE(packed * 10, file * 11) << dtype_info(type).name;
    EXPECT_EQ(WeightMatrix::allocate(type, 1536, 8960)->packed_bytes(), packed);
  }
}

TEST(WeightMatrix, RefusesWhatIsNoWeightMatrixAndSaysWhy) {
  EXPECT_EQ(WeightMatrix::allocate(DType::i32, 16, 32).error().message,
            "a weight matrix of type I32 with 16 rows and 32 columns: the type is no weight format");
  EXPECT_EQ(packed_weight_bytes(DType::q4_k, 16, 32).error().message,
            "a weight matrix of type Q4_K with 16 rows and 32 columns: columns must be a multiple of 256");
  EXPECT_EQ(packed_weight_bytes(DType::f32, 0, 32).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(packed_weight_bytes(DType::f32, 16, -32).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(packed_weight_bytes(DType::q8_0, int64_t{1} << 40, int64_t{1} << 40).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(packed_weight_bytes(DType::f32, INT64_MAX, 1).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(packed_weight_bytes(DType::f32, 1, INT64_MAX / 4).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace shoal
