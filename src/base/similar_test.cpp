#include "base/similar.h"

#include <gtest/gtest.h>

#include <vector>

namespace shoal {
namespace {

const std::vector<std::string> kCommands{"run", "status", "models", "unload", "tokenize", "detokenize"};

TEST(Similar, FindsTheWordThatWasMistyped) {
  const std::pair<const char*, const char*> cases[] = {
      {"rnu", "run"},       {"runn", "run"},          {"stauts", "status"},         {"modls", "models"},
      {"MODELS", "models"}, {"tokenise", "tokenize"}, {"detokenise", "detokenize"}, {"tok", "tokenize"}};
  for (const auto& [typed, meant] : cases) EXPECT_EQ(find_similar(typed, kCommands), meant) << typed;
}

TEST(Similar, SaysNothingOfAWordThatIsLikeNone) {
  for (const char* typed : {"", "x", "banana", "qwertyuiop", "st"}) {
    EXPECT_EQ(find_similar(typed, kCommands), std::nullopt) << typed;
  }
  EXPECT_EQ(find_similar(std::string(5000, 'r'), kCommands), std::nullopt);
  EXPECT_EQ(did_you_mean("banana", kCommands), "");
  EXPECT_EQ(did_you_mean("stauts", kCommands), ", did you mean status?");
}

}  // namespace
}  // namespace shoal
