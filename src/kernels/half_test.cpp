#include "kernels/half.h"

#include <gtest/gtest.h>

#include <cmath>

namespace shoal {
namespace {

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

}  // namespace
}  // namespace shoal
