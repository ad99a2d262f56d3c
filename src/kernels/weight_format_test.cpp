#include "kernels/weight_format.h"

#include <gtest/gtest.h>

#include "kernels/formats/stored_format.h"

namespace shoal {
namespace {

TEST(WeightFormat, IsAValueWithAName) {
  const WeightFormat q4_k = find_stored_format(DType::q4_k)->packed_format();
  EXPECT_EQ(q4_k, (WeightFormat{.numbers = Numbers::integers, .layout = layouts::q4_k}));
  EXPECT_NE(q4_k, find_stored_format(DType::q5_k)->packed_format());
  EXPECT_NE(q4_k, kept_as_stored(*find_stored_format(DType::q4_k)));
  WeightFormat other_scales = q4_k;
  other_scales.layout.scales = ScaleKind::bf16;
  EXPECT_NE(q4_k, other_scales);
  for (const StoredFormat& format : stored_formats()) {
    EXPECT_EQ(format_name(format.packed_format()), format.name);
    EXPECT_EQ(format_name(kept_as_stored(format)), format.name);
  }
}

}  // namespace
}  // namespace shoal
