#include "tokens/least_token_count.h"

#include <gtest/gtest.h>

#include <random>

#include "tokens/golden_files_for_test.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

class BoundedTexts : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::filesystem::path path = test_data_path("tokenizers") / GetParam();
    if (!exists(path)) GTEST_SKIP() << path;
    Result<std::unique_ptr<const Tokenizer>> loaded = load_tokenizer(path);
    ASSERT_TRUE(loaded) << loaded.error().message;
    tokenizer_ = std::move(*loaded);
  }

  std::unique_ptr<const Tokenizer> tokenizer_;
};

// Draws words, runs, and characters that normalising makes shorter.
std::string draw_text(std::mt19937& random) {
  static const std::vector<std::string> text_parts = {
      " the", "hello",  "    ", "\n\n", "--------", "aaaaaaaa", "0000",       "日本語",  "▁▁▁",
      "각",   "\u212A", "𝐀",    "ﬁ",    "á",        "\xFF",     "<|im_end|>", "</s>   ", "========"};
  std::string text;
  for (uint32_t i = 0, parts = 1 + random() % 30; i < parts; ++i) {
    const std::string& part = text_parts[random() % text_parts.size()];
    for (uint32_t n = 0, times = random() % 4 == 0 ? 200 : 1; n < times; ++n) text += part;
  }
  return text;
}

TEST_P(BoundedTexts, AreRefusedWhereTheirTokensExceedTheLimit) {
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    const std::string text = draw_text(random);
    const TextRange all{0, static_cast<int64_t>(text.size())};
    for (const std::span<const TextRange> literal : {std::span<const TextRange>(), std::span(&all, 1)}) {
      const std::vector<TokenId> ids = tokenizer_->encode_rendered(text, literal);
      const auto count = static_cast<int64_t>(ids.size());
      ASSERT_GT(count, 0);
      const Result<BoundedTokens> within = tokenizer_->encode_bounded(text, literal, count);
      ASSERT_TRUE(within);
      ASSERT_FALSE(within->exceed_limit) << text;
      EXPECT_EQ(within->ids, ids);
      const Result<BoundedTokens> beyond = tokenizer_->encode_bounded(text, literal, count - 1);
      ASSERT_TRUE(beyond);
      EXPECT_TRUE(beyond->exceed_limit);
      EXPECT_TRUE(beyond->ids.empty());
    }
  }
}

TEST_P(BoundedTexts, MayBeHuge) {
  for (const std::string unit : {" ", "語", "hello world "}) {
    std::string text;
    while (text.size() < 50'000'000) text += unit;
    const TextRange all{0, static_cast<int64_t>(text.size())};
    const Result<BoundedTokens> refused = tokenizer_->encode_bounded(text, {&all, 1}, 10'000);
    ASSERT_TRUE(refused);
    EXPECT_TRUE(refused->exceed_limit) << unit;
  }
}

INSTANTIATE_TEST_SUITE_P(All, BoundedTexts,
                         testing::Values("npm-qwen3/tokenizer.json", "npm-llama2/tokenizer.json",
                                         "npm-gptoss/tokenizer.json", "kitoken/llama2.model",
                                         "kitoken/kimi_k2.tiktoken", "llama.cpp-vocab/ggml-vocab-phi-3.gguf"),
                         [](const auto& test) { return "number" + std::to_string(test.index); });

TEST(LeastTokenCount, CountsEachByteAsAPartOfTheLongestTokenThatHoldsIt) {
  Vocabulary vocabulary;
  for (const auto& [id, bytes] : {std::pair(0, "a"), std::pair(1, "aab"), std::pair(2, "c")}) {
    ASSERT_TRUE(vocabulary.set(id, bytes));
  }
  const LeastTokenCount least(vocabulary, {}, {});
  EXPECT_EQ(least.of(""), 0);
  EXPECT_EQ(least.of("aabaab"), 2);
  EXPECT_EQ(least.of("aabcca"), 4);
  EXPECT_EQ(least.of("xyz"), 0) << "in no token";
  EXPECT_EQ(LeastTokenCount().of("aab"), 0);
}

}  // namespace
}  // namespace shoal
