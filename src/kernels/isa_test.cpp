#include <gtest/gtest.h>

#include <cstdlib>

#include "kernels/kernels.h"

namespace shoal {
namespace {

class ChooseIsa : public testing::Test {
 protected:
  void TearDown() override { unsetenv("SHOAL_ISA"); }
};

TEST_F(ChooseIsa, TakesTheBestThatIsAvailable) {
  unsetenv("SHOAL_ISA");
  const Result<Isa> isa = choose_isa();
  ASSERT_TRUE(isa);
  EXPECT_TRUE(isa_available(*isa));
  EXPECT_NE(*isa, Isa::reference);
  EXPECT_EQ(*isa == Isa::avx512, isa_available(Isa::avx512));
  EXPECT_EQ(*isa == Isa::baseline, !isa_available(Isa::avx2));
}

TEST_F(ChooseIsa, IsForcedByTheEnvironment) {
  for (const char* name : {"reference", "baseline"}) {
    setenv("SHOAL_ISA", name, 1);
    const Result<Isa> isa = choose_isa();
    ASSERT_TRUE(isa);
    EXPECT_EQ(isa_name(*isa), name);
    EXPECT_EQ(kernels_for(*isa).isa, *isa);
  }
}

TEST_F(ChooseIsa, RefusesAnUnknownNameAndListsTheOnesThereAre) {
  setenv("SHOAL_ISA", "avx3", 1);
  const Result<Isa> isa = choose_isa();
  ASSERT_FALSE(isa);
  EXPECT_EQ(isa.error().message,
            "SHOAL_ISA=avx3: no such instruction set; use reference, baseline, avx2, avx512");
}

TEST_F(ChooseIsa, RefusesWhatThisProcessorLacks) {
  if (isa_available(Isa::avx512)) GTEST_SKIP() << "this processor has every instruction set";
  setenv("SHOAL_ISA", "avx512", 1);
  EXPECT_EQ(choose_isa().error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace shoal
