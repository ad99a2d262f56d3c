#include "grammar/gbnf.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/os.h"
#include "base/test_data_for_test.h"
#include "grammar/written_values_for_test.h"

namespace shoal {
namespace {

bool accepts(std::string_view source, std::string_view text) {
  const Result<Grammar> grammar = parse_gbnf(source);
  EXPECT_TRUE(grammar) << source << ": " << (grammar ? "" : grammar.error().message);
  return grammar && accepts_text(*grammar, text);
}

std::string error_of(std::string_view source) {
  const Result<Grammar> grammar = parse_gbnf(source);
  return grammar ? "" : grammar.error().message;
}

TEST(Gbnf, ReadsItsWholeSyntax) {
  EXPECT_TRUE(accepts("root ::= \"a\" b? # remark\nb ::= [x-z]+ | \"\\\"\"", "ayzx"));
  EXPECT_TRUE(accepts("root ::= \"a\" b?\nb ::= [x-z]+ | \"\\\"\"", "a\""));
  EXPECT_TRUE(accepts("root ::=\n  \"a\" |\n  \"b\"\n", "b"));
  EXPECT_TRUE(accepts("root ::= \"a\"\n  | \"b\"\n", "b"));
  EXPECT_TRUE(accepts("root ::= [^a\\]]{2,3}", "bä"));
  EXPECT_FALSE(accepts("root ::= [^a\\]]{2,3}", "b]"));
  EXPECT_FALSE(accepts("root ::= [^a\\]]{2,3}", "bbbb"));
  EXPECT_TRUE(accepts("root ::= \"\\x41\\u00e4\\U0001F600\\n\\t\\\\\"", "Aä\xF0\x9F\x98\x80\n\t\\"));
  EXPECT_TRUE(accepts("root ::= .{2} (\"x\" \"y\")*", "ä\nxyxy"));
  EXPECT_TRUE(accepts("root ::= x{0,} x{3}\nx ::= \"x\"", "xxx"));
  EXPECT_TRUE(accepts("root ::= a-1 a-1\na-1 ::= [a-] ", "-a"));
}

TEST(Gbnf, FollowsRecursionOnEitherSideOfTheMiddle) {
  constexpr std::string_view nested = "root ::= \"(\" root \")\" | \"x\"";
  EXPECT_TRUE(accepts(nested, "((x))"));
  EXPECT_FALSE(accepts(nested, "((x)"));
  EXPECT_FALSE(accepts(nested, "((x)))"));
  constexpr std::string_view right_recursive = "root ::= \"a\" root | \"b\"";
  EXPECT_TRUE(accepts(right_recursive, std::string(5000, 'a') + "b"));  // this recursion takes no depth
  EXPECT_TRUE(accepts("root ::= s\ns ::= \"a\" s \"a\" | \"b\" s \"b\" | \"\"", "abbbba"));
  EXPECT_FALSE(accepts("root ::= s\ns ::= \"a\" s \"a\" | \"b\" s \"b\" | \"\"",
                       "abba"
                       "b"));
  EXPECT_TRUE(accepts("root ::= (\"a\"? root2)* \"c\"\nroot2 ::= \"b\"? | \"(\" root \")\"", "ab(c)c"));
}

TEST(Gbnf, ReadsTheGrammarsOfOthers) {
  const auto folder = test_data_path("grammars");
  if (!exists(folder)) GTEST_SKIP() << folder;
  const std::vector<std::tuple<std::string, std::string, std::string>> cases{
      {"arithmetic", "2*(x +10) =7\n", "2*(x +10 =7\n"},
      {"c", "int main(){int x = 1+f(2);while(x<3){x = x*2;}return 0;}", "int main({}"},
      {"chess", "1. e4 e5\n2. Nf3 Nc6\n", "1. e9 e5\n"},
      {"english", "It's good.", "schön"},
      {"japanese", "日本語 テスト", "abc"},
      {"json", "{\"a\": [1, -2.5e3, \"x\\n\"], \"b\": {}}", "{\"a\": }"},
      {"json_arr", "[\n1,\n{\"a\":null}]", "{}"},
      {"list", "- one\n- two\n", "one\n"},
  };
  for (const auto& [name, good, bad] : cases) {
    const std::string source = *os::read_text_file(folder / (name + ".gbnf"));
    EXPECT_TRUE(accepts(source, good)) << name;
    EXPECT_FALSE(accepts(source, bad)) << name;
  }
}

TEST(Gbnf, SaysWhatIsWrongAndWhere) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "there is no rule root"},
      {"root = \"a\"", "line 1, column 6: \"::=\" is missing"},
      {"root ::= \"a\nb", "line 2, column 2: it ends too early"},
      {"root ::= other", "rule other is used but not defined"},
      {"root ::= (\"a\"", "line 1, column 14: an unmatched \"(\""},
      {"root ::= \"a\")", "line 1, column 13: an unmatched \")\""},
      {"root ::= [z-a]", "line 1, column 14: a range that ends below its beginning"},
      {"root ::= \"a\"\nroot ::= \"b\"", "line 2, column 1: rule root is defined twice"},
      {"root ::= \"a\"{4,2}", "line 1, column 18: a count that ends below its beginning"},
      {"root ::= \"a\"{100000}", "line 1, column 20: a count is over 10000"},
      {"root ::= root \"a\" | \"a\"", "rule root calls itself before any character"},
      {"root ::= \" \"? x\nx ::= y* root\ny ::= \"y\"", "no text is allowed at all"},
      {"root ::= x \"c\" | \"\"\nx ::= \"b\"? root", "rule root calls itself before any character"},
      {"root ::= \"(\" root \")\"", "no text is allowed at all"},
  };
  for (const auto& [source, message] : cases) EXPECT_EQ(error_of(source), message) << source;
}

TEST(Gbnf, RefusesWhatWouldTakeTooLong) {
  EXPECT_NE(error_of("root ::= (([a-z]{0,10000}){0,10000}){0,10000}"), "");
  EXPECT_NE(error_of("root ::= (((x{0,10000}){0,10000}){0,10000})\nx ::= \"(\" root \")\""), "");
  EXPECT_NE(error_of("root ::= [ab]* \"a\" [ab]{30}"), "");
  EXPECT_NE(error_of("root ::= " + std::string(200, '(') + "\"a\"" + std::string(200, ')')), "");
  std::string chain = "root ::= a0\n";
  for (int i = 0; i < 5000; ++i) chain += fmt::format("a{} ::= a{}\n", i, i + 1);
  EXPECT_NE(error_of(chain + "a5000 ::= \"x\""), "");
  std::string doubled = "root ::= b0\n";
  for (int i = 0; i < 60; ++i) doubled += fmt::format("b{0} ::= b{1} b{1}\n", i, i + 1);
  EXPECT_NE(error_of(doubled + "b60 ::= \"x\""), "");
}

TEST(Gbnf, PassesLoopsOfNothing) {
  EXPECT_TRUE(accepts("root ::= (\"a\"*)* \"b\"", "aab"));
  EXPECT_TRUE(accepts("root ::= (x*)* \"b\"\nx ::= \"a\"* | \"(\" root \")\"", "a(b)ab"));
}

}  // namespace
}  // namespace shoal
