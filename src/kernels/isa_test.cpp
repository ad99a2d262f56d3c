#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "kernels/kernels.h"

namespace shoal {
namespace {

class ChooseIsa : public testing::Test {
 protected:
  void TearDown() override { unsetenv("SHOAL_ISA"); }
};

// The processor features that Linux reports, with their registers saved by it; empty when it reports none.
std::set<std::string> processor_flags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

TEST_F(ChooseIsa, TakesTheBestThatTheSystemSaysTheProcessorHas) {
  unsetenv("SHOAL_ISA");
  const std::set<std::string> flags = processor_flags();
  if (flags.empty()) GTEST_SKIP() << "/proc/cpuinfo has no flags";
  const auto has = [&](std::initializer_list<const char*> names) {
    return std::ranges::all_of(names, [&](const char* name) { return flags.contains(name); });
  };
  const bool has_avx2 = has({"avx", "avx2", "fma", "f16c"});
  const bool has_avx512 = has_avx2 && has({"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_vnni"});
  const Result<Isa> isa = choose_isa();
  ASSERT_TRUE(isa);
  EXPECT_EQ(isa_name(*isa), has_avx512 ? "avx512" : has_avx2 ? "avx2" : "baseline");
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
