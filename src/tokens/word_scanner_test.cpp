#include "tokens/word_scanner.h"

#include <gtest/gtest.h>

#include <random>

#include "base/utf8.h"
#include "tokens/pattern.h"
#include "tokens/tokenizer_files.h"
#include "tokens/word_patterns.h"

namespace shoal {
namespace {

constexpr std::string_view patterns[] = {
    gpt2_pattern,    r50k_pattern,      llama3_pattern,        cl100k_pattern,
    qwen2_pattern,   qwen35_pattern,    o200k_pattern,         tekken_pattern,
    kimi_pattern,    deepseek3_pattern, deepseek3_cjk_pattern, deepseek_cjk_pattern,
    R"(\p{N}{1,3})", R"(\p{N})",        R"(\p{N}+)",           R"([\r\n])",
    R"(\s)",         R"(\s+)",          R"(\s?\p{L}+)",        R"(\s?\p{P}+)"};

// Draws from few characters of every class that a pattern names, so that all neighbourhoods occur.
std::string random_text(std::mt19937& random, int characters) {
  static const std::vector<std::string> text_parts = {
      " ",      " ",      " ",          "\n",         "\r",         "\t",         "\u00A0", "\u2003",
      "a",      "s",      "S",          "t",          "re",         "LL",         "'",      "'",
      "\u2019", "\u017F", "A",          "Z",          "\u01C5",     "\u02B0",     "\u00AA", "\u05D0",
      "\u4E00", "\u9FA6", "\u3005",     "\u3007",     "\u3042",     "\uAC00",     "\u0301", "\u0903",
      "\u2E80", "1",      "2",          "\u0661",     "\u00BD",     "\u2167",     "!",      "/",
      "_",      "$",      "+",          "\u3001",     "\u20AC",     "\U0001F600", "\u0001", "\u200D",
      "\uE000", "\u0378", "\U00020000", "\U0001D7D9", "\U00010400", "\U00010428", "\u07FF", "\u0800",
      "\uD7A3"};
  std::string text;
  for (int i = 0; i < characters; ++i) text += text_parts[random() % text_parts.size()];
  return text;
}

class KnownPatterns : public testing::TestWithParam<std::string_view> {};

TEST_P(KnownPatterns, MatchAsTheRegularExpressionSays) {
  const Result<Pattern> scanner = Pattern::compile(GetParam());
  const Result<Pattern> expression = Pattern::compile(GetParam(), PatternEngine::general);
  ASSERT_TRUE(scanner);
  ASSERT_TRUE(expression) << expression.error().message;
  EXPECT_TRUE(scanner->is_linear());
  EXPECT_FALSE(expression->is_linear());
  std::mt19937 random(11);
  std::vector<TextRange> actual;
  std::vector<TextRange> expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = random_text(random, i % 14);
    scanner->find_all(text, actual);
    expression->find_all(text, expected);
    ASSERT_EQ(actual, expected) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(All, KnownPatterns, testing::ValuesIn(patterns),
                         [](const auto& test) { return "number" + std::to_string(test.index); });

TEST(KnownPatterns, TakeTimeInProportionToTheText) {
  for (const std::string_view source : patterns) {
    const Result<Pattern> pattern = Pattern::compile(source);
    ASSERT_TRUE(pattern);
    std::vector<TextRange> matches;
    for (const std::string unit :
         {" ", "a", "A", "\n", "1", "'", "\u0301", "\u4E00", "!", " \n", "aA", "A\u0301"}) {
      std::string text;
      while (text.size() < 1'000'000) text += unit;
      pattern->find_all(text + "x", matches);
    }
  }
}

TEST(UnknownPatterns, TakeMarksAndCirclesForWords) {
  for (const char* source : {"\\w+", "[\\w]+"}) {
    const Result<Pattern> pattern = Pattern::compile(source);
    ASSERT_TRUE(pattern);
    std::vector<TextRange> matches;
    EXPECT_TRUE(pattern->find_all("e\u0301_\u24B6\u00B2\u2460 x", matches));
    EXPECT_EQ(matches, (std::vector<TextRange>{{0, 9}, {13, 14}})) << source << ": a circled one is none";
  }
}

TEST(UnknownPatterns, GiveUpInGoodTime) {
  std::vector<TextRange> matches;
  const Result<Pattern> nested = Pattern::compile("(?:a+)+b|.");
  ASSERT_TRUE(nested);
  EXPECT_TRUE(nested->find_all("aaab.", matches));
  EXPECT_EQ(matches, (std::vector<TextRange>{{0, 4}, {4, 5}}));
  EXPECT_FALSE(nested->find_all(std::string(1000, 'a'), matches));
  // No attempt exceeds its limit, but all of them together do.
  const Result<Pattern> quadratic = Pattern::compile("x+$");
  ASSERT_TRUE(quadratic);
  EXPECT_FALSE(quadratic->find_all(std::string(1'500'000, 'x') + "y", matches));
}

TEST(UnknownPatterns, AreAnErrorOfTheTextThatTheyTakeTooLongOver) {
  const auto tokenizer = parse_tokenizer_json(R"({"pre_tokenizer": {"type": "Split", "behavior": "Isolated",
      "pattern": {"Regex": "(?:a+)+b|."}}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ((*tokenizer)->encode_bounded("aa", {}, no_token_limit)->ids, (std::vector<TokenId>{0, 0}));
  const auto refused = (*tokenizer)->encode_bounded(std::string(1000, 'a'), {}, no_token_limit);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST(WhiteSpaceAtTheEnd, IsOnlyWhatNothingFollows) {
  const Result<Pattern> pattern = Pattern::compile("\\s+$");
  ASSERT_TRUE(pattern);
  std::vector<TextRange> matches;
  pattern->find_all(" a  b \u2003 ", matches);
  EXPECT_EQ(matches, (std::vector<TextRange>{{5, 10}}));
  pattern->find_all("  a", matches);
  EXPECT_TRUE(matches.empty());
}

TEST(KnownPatterns, AreKnownWithNewlinesWrittenEitherWay) {
  EXPECT_NE(find_word_scanner("[\r\n]"), nullptr);
  EXPECT_EQ(find_word_scanner("[\\r\\n"), nullptr);
}

}  // namespace
}  // namespace shoal
