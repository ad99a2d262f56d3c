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

TEST(DTypeInfo, TheLastTypeHasItsOwnRow) { EXPECT_EQ(dtype_info(DType::q6_k).name, "Q6_K"); }

}  // namespace
}  // namespace shoal
