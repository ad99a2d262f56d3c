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
  };
  EXPECT_EQ(std::size(rows), static_cast<size_t>(DType::q6_k) + 1) << "a type is missing here";
  for (const Row& row : rows) {
    const DTypeInfo& info = dtype_info(row.type);
    EXPECT_EQ(info.name, row.name);
    EXPECT_EQ(info.block_elements, row.elements) << row.name;
    EXPECT_EQ(info.block_bytes, row.bytes) << row.name;
  }
}

}  // namespace
}  // namespace shoal
