#include "grammar/output_format.h"

#include <gtest/gtest.h>

#include "grammar/written_values_for_test.h"

namespace shoal {
namespace {

bool pattern_accepts(std::string_view pattern, std::string_view text) {
  const Result<Grammar> grammar =
      compile_output_format({.kind = OutputKind::regex, .source = std::string(pattern)});
  EXPECT_TRUE(grammar) << pattern << ": " << (grammar ? "" : grammar.error().message);
  return grammar && accepts_text(*grammar, text);
}

TEST(OutputFormat, APatternMatchesTheWholeTextWithOrWithoutAnchors) {
  for (const char* pattern : {R"(\d{3}-\d{4})", R"(^\d{3}-\d{4}$)"}) {
    EXPECT_TRUE(pattern_accepts(pattern, "555-1234"));
    EXPECT_FALSE(pattern_accepts(pattern, "a 555-1234"));
    EXPECT_FALSE(pattern_accepts(pattern, "555-12345"));
  }
  EXPECT_TRUE(pattern_accepts("(ja|nein)+[ä-ü]", "janeinö"));
  EXPECT_TRUE(pattern_accepts(R"("[^"]*"\n)", "\"x\"\n")) << "quotes are characters like any other";
}

TEST(OutputFormat, APatternThatCannotBeHeldIsAnError) {
  for (const char* pattern : {"(", "a{2,1}", R"((?=.*\d).+)", R"(^(?=.*\d).+$)", R"((a)\1)"}) {
    const Result<Grammar> grammar = compile_output_format({.kind = OutputKind::regex, .source = pattern});
    ASSERT_FALSE(grammar) << pattern;
    EXPECT_EQ(grammar.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace shoal
