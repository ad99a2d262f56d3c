#include "base/random.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

using Words = std::array<uint32_t, 4>;

// The known-answer vectors that the authors publish with Random123 (kat_vectors, philox4x32 10).
TEST(Philox, GivesThePublishedKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(UniformDraw, StaysInTheUnitIntervalAndDependsOnEveryPartOfItsKey) {
  const DrawKey key{.seed = 7, .choice_index = 0, .position = 3, .purpose = DrawPurpose::sample};
  DrawKey other_seed = key, other_choice = key, other_position = key, other_purpose = key;
  other_seed.seed = uint64_t{7} << 32;
  other_choice.choice_index = 1;
  other_position.position = uint64_t{3} << 32;
  other_purpose.purpose = DrawPurpose::accept;
  const double draw = uniform_draw(key);
  EXPECT_EQ(draw, uniform_draw(key));
  for (const DrawKey& other : {other_seed, other_choice, other_position, other_purpose}) {
    EXPECT_NE(draw, uniform_draw(other));
  }
  double sum = 0;
  for (uint64_t position = 0; position < 10000; ++position) {
    DrawKey each = key;
    each.position = position;
    const double value = uniform_draw(each);
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

}  // namespace
}  // namespace shoal
