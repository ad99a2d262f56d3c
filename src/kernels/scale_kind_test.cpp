#include "kernels/scale_kind.h"

#include <gtest/gtest.h>

#include <cmath>

namespace shoal {
namespace {

TEST(ScaleKind, E8m0IsAPowerOfTwo) {
  EXPECT_EQ(f32_from_e8m0(127), 1.0F);
  EXPECT_EQ(f32_from_e8m0(130), 8.0F);
  EXPECT_EQ(f32_from_e8m0(254), 0x1p127F);
  EXPECT_EQ(f32_from_e8m0(1), 0x1p-126F);
  EXPECT_EQ(f32_from_e8m0(0), 0x1p-127F);
  EXPECT_TRUE(std::isnan(f32_from_e8m0(255)));
}

TEST(ScaleKind, E4m3HasFourBitsOfExponentAndThreeOfMantissa) {
  for (int bits = 0; bits < 0x7f; ++bits) {
    const int exponent = bits >> 3;
    const int mantissa = bits & 7;
    const double expected =
        exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 10);
    EXPECT_EQ(f32_from_e4m3(static_cast<uint8_t>(bits)), expected) << bits;
    EXPECT_EQ(f32_from_e4m3(static_cast<uint8_t>(bits | 0x80)), -expected) << bits;
  }
  EXPECT_EQ(f32_from_e4m3(0x7e), 448.0F);
  EXPECT_TRUE(std::isnan(f32_from_e4m3(0x7f)));
  EXPECT_TRUE(std::isnan(f32_from_e4m3(0xff)));
}

TEST(ScaleKind, IsReadFromBytes) {
  const uint8_t raw[] = {0x80, 0x3f, 0x80, 0x3f};
  const auto* bytes = reinterpret_cast<const std::byte*>(raw);
  EXPECT_EQ(read_scale(ScaleKind::bf16, bytes), 1.0F);
  EXPECT_EQ(read_scale(ScaleKind::f16, bytes), 0x1.ep0F);
  EXPECT_EQ(read_scale(ScaleKind::f32, bytes), std::bit_cast<float>(0x3f803f80U));
  EXPECT_EQ(read_scale(ScaleKind::e8m0, bytes), 2.0F);
  EXPECT_EQ(read_scale(ScaleKind::e4m3, bytes + 1), 1.875F);
  EXPECT_EQ(scale_bytes(ScaleKind::f32), 4);
  EXPECT_EQ(scale_bytes(ScaleKind::f16), 2);
  EXPECT_EQ(scale_bytes(ScaleKind::e8m0), 1);
}

}  // namespace
}  // namespace shoal
