#include "cli/options_without_effect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace shoal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> notices_of(const std::string& line) {
  CLI::App command;
  std::vector<std::string> notices;
  declare_options_without_effect(command, notices);
  command.parse(line);
  return notices;
}

TEST(OptionsWithoutEffect, EachIsAnsweredWithOneLine) {
  EXPECT_THAT(notices_of("--iters 100 --iters 200"), ElementsAre(HasSubstr("--iters does nothing in Shoal")));
  EXPECT_THAT(notices_of("-m --force-master"), ElementsAre(HasSubstr("--force-master does nothing")));
  EXPECT_THAT(notices_of("--no-worker --libp2p-port 5 --offline --tailnet-name x"), testing::SizeIs(4));
  EXPECT_THAT(notices_of("--inference-engine mlx"), ElementsAre(HasSubstr("mlx")));
  EXPECT_THAT(notices_of("--inference-engine cpu --disable-tui"), IsEmpty());
}

TEST(OptionsWithoutEffect, VariablesOfBothGenerationsAreNamed) {
  const auto notices = variables_without_effect(
      {"PATH", "EXO_FAST_SYNCH", "EXO_WHATEVER", "WQKV", "DEBUG_DISCOVERY", "TAILSCALE_API_KEY"},
      {"NODE_ID"});
  EXPECT_THAT(notices, ElementsAre(HasSubstr("DEBUG_DISCOVERY"), HasSubstr("EXO_FAST_SYNCH does nothing"),
                                   "EXO_WHATEVER does nothing in Shoal", HasSubstr("TAILSCALE_API_KEY"),
                                   HasSubstr("WQKV")));
}

TEST(OptionsWithoutEffect, VariablesThatAreReadAreNotAndMistypedOnesAre) {
  EXPECT_THAT(variables_without_effect({"SHOAL_HOME", "EXO_HOME", "SHOAL_ISA", "SHOAL_NODE_ID", "EXO_NODE_ID",
                                        "HF_HOME", "DEBUG", "HOME", "SHOALS_OF_FISH"},
                                       {"NODE_ID"}),
              IsEmpty());
  EXPECT_THAT(variables_without_effect({"SHOAL_NODEID"}, {"NODE_ID"}),
              ElementsAre("SHOAL_NODEID is no variable that Shoal reads"));
}

}  // namespace
}  // namespace shoal
