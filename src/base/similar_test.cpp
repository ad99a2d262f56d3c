#include "base/similar.h"

#include <gtest/gtest.h>

#include <vector>

namespace shoal {
namespace {

const std::vector<std::string> commands{"run", "status", "models", "unload", "tokenize", "detokenize"};

TEST(Similar, FindsTheWordThatWasMistyped) {
  const std::pair<const char*, const char*> cases[] = {
      {"rnu", "run"},       {"runn", "run"},          {"stauts", "status"},         {"modls", "models"},
      {"MODELS", "models"}, {"tokenise", "tokenize"}, {"detokenise", "detokenize"}, {"tok", "tokenize"}};
  for (const auto& [typed, meant] : cases) EXPECT_EQ(find_similar(typed, commands), meant) << typed;
}

TEST(Similar, SaysNothingOfAWordThatIsLikeNone) {
  for (const char* typed : {"", "x", "banana", "qwertyuiop", "st"}) {
    EXPECT_EQ(find_similar(typed, commands), std::nullopt) << typed;
  }
  EXPECT_EQ(find_similar(std::string(5000, 'r'), commands), std::nullopt);
  EXPECT_EQ(did_you_mean("banana", commands), "");
  EXPECT_EQ(did_you_mean("stauts", commands), ", did you mean status?");
}

}  // namespace
}  // namespace shoal
