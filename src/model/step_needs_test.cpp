#include "model/step_needs.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(StepNeeds, PartsThatRunOneAfterTheOtherShareScratchButNotPhasesOrPages) {
  StepNeeds needs{.row_bytes = 64, .member_floats = 9, .input_columns = 5, .phases = 2, .kv_page_bytes = 100};
  needs += {.row_bytes = 128, .member_floats = 1, .input_columns = 7, .phases = 3, .kv_page_bytes = 10};
  EXPECT_EQ(needs.row_bytes, 128);
  EXPECT_EQ(needs.member_floats, 9);
  EXPECT_EQ(needs.input_columns, 7);
  EXPECT_EQ(needs.phases, 5);
  EXPECT_EQ(needs.kv_page_bytes, 110);
}

TEST(StepNeeds, EachRowOfScratchBeginsACacheLine) {
  EXPECT_EQ(scratch_row_bytes(1), 64);
  EXPECT_EQ(scratch_row_bytes(16), 64);
  EXPECT_EQ(scratch_row_bytes(17), 128);
}

}  // namespace
}  // namespace shoal
