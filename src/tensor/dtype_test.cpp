#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <limits>

namespace shoal {
namespace {

TEST(BytesOf, CountsWholeBlocksOnly) {
  EXPECT_EQ(bytes_of(DType::q4_k, 512), 288);
  EXPECT_EQ(bytes_of(DType::q4_k, 255), std::nullopt);
  EXPECT_EQ(bytes_of(DType::f16, 3), 6);
  EXPECT_EQ(bytes_of(DType::f64, -1), std::nullopt);
}

TEST(BytesOf, RefusesProductsThatOverflow) {
  EXPECT_EQ(bytes_of(DType::f64, std::numeric_limits<int64_t>::max()), std::nullopt);
}

// The expected sizes are sums of the fields that ggml-common.h declares for each block, in its order.
TEST(DTypeInfo, HasTheNameAndTheSizesOfEveryType) {
  struct Row {
    DType type;
    std::string_view name;
    int64_t elements;
    int64_t bytes;
  };
  constexpr int64_t half = 2, sub_scales = 12;
  const Row rows[] = {
      {DType::f32, "F32", 1, sizeof(float)},
      {DType::f16, "F16", 1, half},
      {DType::bf16, "BF16", 1, half},
      {DType::f64, "F64", 1, sizeof(double)},
      {DType::i8, "I8", 1, sizeof(int8_t)},
      {DType::i16, "I16", 1, sizeof(int16_t)},
      {DType::i32, "I32", 1, sizeof(int32_t)},
      {DType::i64, "I64", 1, sizeof(int64_t)},
      {DType::u8, "U8", 1, sizeof(uint8_t)},
      {DType::u16, "U16", 1, sizeof(uint16_t)},
      {DType::u32, "U32", 1, sizeof(uint32_t)},
      {DType::u64, "U64", 1, sizeof(uint64_t)},
      {DType::boolean, "BOOL", 1, 1},
      {DType::q8_0, "Q8_0", 32, half + 32},
      {DType::q4_0, "Q4_0", 32, half + 32 / 2},
      {DType::q4_1, "Q4_1", 32, 2 * half + 32 / 2},
      {DType::q5_0, "Q5_0", 32, half + 32 / 8 + 32 / 2},
      {DType::q5_1, "Q5_1", 32, 2 * half + 32 / 8 + 32 / 2},
      {DType::q4_k, "Q4_K", 256, 2 * half + sub_scales + 256 / 2},
      {DType::q5_k, "Q5_K", 256, 2 * half + sub_scales + 256 / 8 + 256 / 2},
      {DType::q6_k, "Q6_K", 256, 256 / 2 + 256 / 4 + 256 / 16 + half},
      {DType::q2_k, "Q2_K", 256, 256 / 16 + 256 / 4 + 2 * half},
      {DType::q3_k, "Q3_K", 256, 256 / 8 + 256 / 4 + sub_scales + half},
      {DType::iq1_s, "IQ1_S", 256, half + 256 / 8 + 256 / 32 * 2},
      {DType::iq1_m, "IQ1_M", 256, 256 / 8 + 256 / 16 + 256 / 32},
      {DType::iq2_xxs, "IQ2_XXS", 256, half + 256 / 8 * 2},
      {DType::iq2_xs, "IQ2_XS", 256, half + 256 / 8 * 2 + 256 / 32},
      {DType::iq2_s, "IQ2_S", 256, half + 256 / 4 + 256 / 32 + 256 / 32},
      {DType::iq3_xxs, "IQ3_XXS", 256, half + 3 * (256 / 8)},
      {DType::iq3_s, "IQ3_S", 256, half + 256 / 4 + 256 / 32 + 256 / 8 + 256 / 64},
      {DType::iq4_nl, "IQ4_NL", 32, half + 32 / 2},
      {DType::iq4_xs, "IQ4_XS", 256, half + 2 + 256 / 64 + 256 / 2},
      {DType::tq1_0, "TQ1_0", 256, (256 - 4 * 256 / 64) / 5 + 256 / 64 + half},
      {DType::tq2_0, "TQ2_0", 256, 256 / 4 + half},
      {DType::mxfp4, "MXFP4", 32, 1 + 32 / 2},
      {DType::nvfp4, "NVFP4", 64, 64 / 16 + 64 / 2},
      {DType::q1_0, "Q1_0", 128, half + 128 / 8},
      {DType::q2_0, "Q2_0", 64, half + 64 / 4},
  };
  EXPECT_EQ(std::size(rows), static_cast<size_t>(DType::q2_0) + 1) << "a type is missing here";
  for (const Row& row : rows) {
    const DTypeInfo& info = dtype_info(row.type);
    EXPECT_EQ(info.name, row.name);
    EXPECT_EQ(info.block_elements, row.elements) << row.name;
    EXPECT_EQ(info.block_bytes, row.bytes) << row.name;
  }
}

}  // namespace
}  // namespace shoal
