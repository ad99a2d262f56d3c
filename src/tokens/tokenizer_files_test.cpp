#include "tokens/tokenizer_files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "base/utf8.h"
#include "tokens/detokenizer.h"
#include "tokens/golden_files_for_test.h"

namespace shoal {
namespace {

std::unique_ptr<const Tokenizer> load(const std::filesystem::path& path) {
  Result<std::unique_ptr<const Tokenizer>> tokenizer = load_tokenizer(path);
  EXPECT_TRUE(tokenizer) << (tokenizer ? "" : tokenizer.error().message);
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

void expect_goldens(const Tokenizer& tokenizer, const std::vector<GoldenText>& goldens,
                    SpecialTokens special) {
  ASSERT_FALSE(goldens.empty());
  for (const GoldenText& golden : goldens) {
    EXPECT_EQ(tokenizer.encode(golden.text, special), golden.ids) << golden.text;
  }
}

struct Kitoken {
  const char* name;
  const char* file;
};

class KitokenGoldens : public testing::TestWithParam<Kitoken> {};

TEST_P(KitokenGoldens, AreEqual) {
  const std::filesystem::path path = test_data_path("tokenizers") / GetParam().file;
  if (!exists(path)) GTEST_SKIP() << path;
  const auto tokenizer = load(path);
  ASSERT_NE(tokenizer, nullptr);
  const std::string name = GetParam().name;
  expect_goldens(*tokenizer, read_kitoken_lines("tokenizers/small_tokens_" + name + ".txt"),
                 SpecialTokens::parse);
  expect_goldens(*tokenizer, read_kitoken_file("tokenizers/utf8_tokens_" + name + ".txt"),
                 SpecialTokens::parse);
}

INSTANTIATE_TEST_SUITE_P(All, KitokenGoldens,
                         testing::Values(Kitoken{"gpt2", "kitoken/gpt2.tokenizer.json"},
                                         Kitoken{"mistral01", "kitoken/mistral01.tokenizer.json"},
                                         Kitoken{"mistral03", "kitoken/mistral03.tokenizer.json"},
                                         Kitoken{"llama33", "npm-llama3_1/tokenizer.json"},
                                         Kitoken{"gpt_oss", "npm-gptoss/tokenizer.json"},
                                         Kitoken{"r1", "npm-deepseek_v3/tokenizer.json"}),
                         [](const auto& test) { return std::string(test.param.name); });

struct KitokenModel {
  const char* folder;
  const char* name;
  const char* file;
};

class KitokenModelGoldens : public testing::TestWithParam<KitokenModel> {};

// Among these goldens only cl100k's were made with special tokens parsed from the text.
TEST_P(KitokenModelGoldens, AreEqual) {
  const std::filesystem::path path = test_data_path("tokenizers") / GetParam().file;
  if (!exists(path)) GTEST_SKIP() << path;
  const auto tokenizer = load(path);
  ASSERT_NE(tokenizer, nullptr);
  const std::string folder = GetParam().folder;
  const std::string name = GetParam().name;
  const SpecialTokens special = name == "cl100k_base" ? SpecialTokens::parse : SpecialTokens::as_text;
  expect_goldens(*tokenizer, read_kitoken_lines(folder + "/small_tokens_" + name + ".txt"), special);
  expect_goldens(*tokenizer, read_kitoken_file(folder + "/utf8_tokens_" + name + ".txt"), special);
}

INSTANTIATE_TEST_SUITE_P(
    All, KitokenModelGoldens,
    testing::Values(KitokenModel{"sentencepiece", "llama2", "kitoken/llama2.model"},
                    KitokenModel{"sentencepiece", "mistral01", "mistral/tokenizer.model.v1"},
                    KitokenModel{"sentencepiece", "mistral03",
                                 "mistral/mistral_instruct_tokenizer_240323.model.v3"},
                    KitokenModel{"tiktoken", "cl100k_base", "kitoken/cl100k_base.tiktoken"},
                    KitokenModel{"tiktoken", "kimi_k2", "kitoken/kimi_k2.tiktoken"},
                    KitokenModel{"tokenizers", "llama33", "llama3/tokenizer.model"}),
    [](const auto& test) { return std::string(test.param.name); });

class LlamaCppGoldens : public testing::TestWithParam<const char*> {};

TEST_P(LlamaCppGoldens, AreEqual) {
  const std::string name = GetParam();
  const std::filesystem::path path =
      test_data_path("tokenizers/llama.cpp-vocab/ggml-vocab-" + name + ".gguf");
  if (!exists(path)) GTEST_SKIP() << path;
  const auto tokenizer = load(path);
  ASSERT_NE(tokenizer, nullptr);
  expect_goldens(*tokenizer, read_llama_cpp_goldens(name), SpecialTokens::as_text);
}

INSTANTIATE_TEST_SUITE_P(All, LlamaCppGoldens,
                         testing::Values("deepseek-coder", "deepseek-llm", "gpt-2", "llama-bpe", "llama-spm",
                                         "phi-3", "qwen2"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// Draws texts of all planes, with combining marks, digits, spaces and contractions.
std::string random_plane_text(std::mt19937& random, int characters) {
  static const std::vector<std::string> text_parts = {
      " ",     "  ",    "\n", "\r\n", "\t",         "a",    "The",
      "don't", "12345", "é",  "ｅ́",   "日本",       "한국", "🏃‍♂️",
      "ﬁ",     "𝟙",     "!",  "...",  "<|im_end|>", "İ",    "ſ"};
  std::string text;
  for (int i = 0; i < characters; ++i) {
    const uint32_t choice = static_cast<uint32_t>(random()) % 40;
    if (choice < text_parts.size()) {
      text += text_parts[choice];
      continue;
    }
    char32_t code_point = 0;
    do {
      code_point = static_cast<uint32_t>(random()) % (choice < 30 ? 0x3000 : 0x110000);
    } while (code_point >= 0xD800 && code_point < 0xE000);
    append_utf8(code_point, text);
  }
  return text;
}

class ByteLevelVocabularies : public testing::TestWithParam<const char*> {};

TEST_P(ByteLevelVocabularies, DecodeWhatTheyEncodeInAnyChunking) {
  const std::filesystem::path path = test_data_path("tokenizers") / GetParam();
  if (!exists(path)) GTEST_SKIP() << path;
  const auto tokenizer = load(path);
  ASSERT_NE(tokenizer, nullptr);
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    const std::string text = random_plane_text(random, 1 + i % 40);
    const std::vector<TokenId> ids = tokenizer->encode(text, SpecialTokens::as_text);
    ASSERT_EQ(tokenizer->decode(ids), text);
    StreamingDetokenizer detokenizer(*tokenizer, {});
    std::string streamed;
    for (const TokenId id : ids) {
      const std::string piece = detokenizer.add(id).text;
      EXPECT_TRUE(is_valid_utf8(piece));
      streamed += piece;
    }
    ASSERT_EQ(streamed + detokenizer.finish(), text);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ByteLevelVocabularies,
                         testing::Values("kitoken/gpt2.tokenizer.json", "npm-deepseek_v3/tokenizer.json",
                                         "npm-llama3_1/tokenizer.json"),
                         [](const auto& test) { return "number" + std::to_string(test.index); });

TEST(Tekken, PutsItsRanksBehindTheSpecialTokens) {
  // The vocabulary is "a" "b" " " "ab" " ab", and one piece more than default_vocab_size allows.
  const auto tokenizer = parse_tekken(R"({"config": {"pattern": " ?[a-z]+", "default_vocab_size": 25,
      "default_num_special_tokens": 20}, "vocab": [{"rank": 0, "token_bytes": "YQ=="}, {"rank": 1, "token_bytes": "Yg=="},
      {"rank": 2, "token_bytes": "IA=="}, {"rank": 3, "token_bytes": "YWI="}, {"rank": 4, "token_bytes": "IGFi"},
      {"rank": 5, "token_bytes": "YmE="}]})");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ((*tokenizer)->encode("ab abba", SpecialTokens::parse), (std::vector<TokenId>{23, 24, 21, 20}));
  EXPECT_EQ((*tokenizer)->encode("[INST]a", SpecialTokens::parse), (std::vector<TokenId>{3, 20}));
  EXPECT_EQ((*tokenizer)->bos(), 1);
}

TEST(Tiktoken, NeedsAPatternWhereTheNumberOfRanksTellsNothing) {
  const std::string text = "YQ== 0\nYg== 1\nIA== 2\nMQ== 3\nMTE= 4\n";  // a, b, space, 1, 11
  const auto unknown = parse_tiktoken(text);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("5 ranks"), std::string::npos) << unknown.error().message;
  for (const char* name :
       {"cl100k", "o200k", "o200k_base", "llama3", "llama-3", "llama4", "kimi", "kimi_k2"}) {
    const auto tokenizer = parse_tiktoken(text, name);
    ASSERT_TRUE(tokenizer) << name;
    EXPECT_EQ((*tokenizer)->encode("a11 b", SpecialTokens::parse), (std::vector<TokenId>{0, 4, 2, 1}));
  }
  const auto marked = parse_tiktoken("\xef\xbb\xbf" + text, "cl100k");
  ASSERT_TRUE(marked) << marked.error().message;
  EXPECT_EQ((*marked)->encode("a11 b", SpecialTokens::parse), (std::vector<TokenId>{0, 4, 2, 1}));
  const auto wrong = parse_tiktoken(text, "gpt9");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("no pattern 'gpt9'"), std::string::npos) << wrong.error().message;
}

// `count` ranks of three bytes each, in base64.
std::string ranks_of(int64_t count) {
  constexpr std::string_view decimal_digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (int64_t rank = 0; rank < count; ++rank) {
    for (const int shift : {18, 12, 6, 0}) text += decimal_digits[static_cast<size_t>(rank >> shift) % 64];
    text += fmt::format(" {}\n", rank);
  }
  return text;
}

// The ids are those of tiktoken's o200k_harmony and of llama-models' tokenizer of Llama 4.
TEST(Tiktoken, HasTheReservedTokensOfItsFamily) {
  using Named = std::vector<std::pair<const char*, TokenId>>;
  const std::vector<std::tuple<int64_t, int64_t, Named>> families{
      {199'998,
       201'088,
       {{"<|startoftext|>", 199'998},
        {"<|reserved_200000|>", 200'000},
        {"<|call|>", 200'012},
        {"<|reserved_200013|>", 200'013},
        {"<|endofprompt|>", 200'018},
        {"<|reserved_201087|>", 201'087}}},
      {200'000,
       202'048,
       {{"<|text_post_train_reserved_special_token_5|>", 200'015},
        {"<|python_start|>", 200'016},
        {"<|text_post_train_reserved_special_token_68|>", 200'079},
        {"<|vision_reserved_special_token_6|>", 200'091},
        {"<|patch|>", 200'092},
        {"<|vision_reserved_special_token_1047|>", 201'133},
        {"<|reasoning_reserved_special_token_7|>", 201'141},
        {"<|reasoning_thinking_start|>", 201'142},
        {"<|reserved_special_token_903|>", 202'047}}}};
  for (const auto& [ranks, size, named] : families) {
    const auto tokenizer = parse_tiktoken(ranks_of(ranks));
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    EXPECT_EQ((*tokenizer)->vocabulary_size(), size);
    for (const auto& [written, id] : named) {
      EXPECT_EQ((*tokenizer)->find_token(written), id) << written;
      EXPECT_EQ((*tokenizer)->encode(written, SpecialTokens::parse), std::vector<TokenId>{id}) << written;
    }
  }
}

// As in mlx-community's files of Kimi-K2, four of the tools' tokens are missing in tokenizer_config.json.
TEST(Tiktoken, KeepsTheFamilysSpecialTokensThatAConfigurationDrops) {
  const std::filesystem::path vocabulary = test_data_path("tokenizers/kitoken/kimi_k2.tiktoken");
  if (!exists(vocabulary)) GTEST_SKIP() << vocabulary;
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "kimi_without_tools";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::filesystem::create_symlink(vocabulary, folder / "tiktoken.model");
  std::ofstream(folder / "tokenizer_config.json") << R"({"added_tokens_decoder": {
      "163584": {"content": "[BOS]", "special": true}, "163586": {"content": "<|im_end|>", "special": true},
      "163595": {"content": "<|tool_calls_section_begin|>", "special": false},
      "163600": {"content": "<|odd|>", "special": true}}})";
  const auto tokenizer = load(folder);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->encode("<|tool_calls_section_begin|><|tool_call_begin|><|tool_call_argument_begin|>"
                              "<|tool_call_end|><|tool_calls_section_end|><|odd|><|im_end|>",
                              SpecialTokens::parse),
            (std::vector<TokenId>{163595, 163597, 163598, 163599, 163596, 163600, 163586}));
  EXPECT_TRUE(tokenizer->is_special(163600));
  EXPECT_FALSE(tokenizer->is_special(163597));
  EXPECT_FALSE(load_tokenizer(folder / "tokenizer_config.json", "kimi"));
}

// A small vocabulary in the form of tokenizer.json, with `from` replaced by `to`.
std::string small_json(const std::string& from = "", const std::string& to = "") {
  const std::string json =
      R"({"added_tokens": [{"id": 4, "content": "<s>", "special": true}], "normalizer": null,
      "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}, "decoder": {"type": "ByteLevel"},
      "post_processor": null, "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "aba": 3}, "merges": ["a b", "ab a"]}})";
  return from.empty() ? json : replace_all(json, from, to);
}

TEST(TokenizerJson, IsRefusedWhereItIsWrong) {
  ASSERT_TRUE(parse_tokenizer_json(small_json()));
  const std::vector<std::array<std::string, 3>> wrong = {
      {"\"merges\": [\"a b\", \"ab a\"]", "\"x\": 0", "no merges"},
      {"\"ab a\"", "\"ab c\"", "not in the vocabulary"},
      {"\"ab a\"", "\"aba\"", "without a space"},
      {"\"b\": 1", "\"b\": 0", "given to two tokens"},
      {"\"b\": 1", "\"b\": -1", "not in 0"},
      {"\"b\": 1", "\"b\": 99999999999", "not in 0"},
      {"\"b\": 1", "\"a\": 1", "twice"},
      {"\"id\": 4", "\"id\": 99999999999", "out of range"},
      {"\"BPE\"", "\"WordPiece\"", "WordPiece"},
      {"\"normalizer\": null", "\"normalizer\": {\"type\": \"Odd\"}", "Odd"},
      {"\"use_regex\": true}", "\"use_regex\": true", "tokenizer.json"},
      {"\"<s>\"", "\"\"", "0 bytes"},
  };
  for (const auto& [from, to, message] : wrong) {
    const auto tokenizer = parse_tokenizer_json(small_json(from, to));
    ASSERT_FALSE(tokenizer) << to;
    EXPECT_NE(tokenizer.error().message.find(message), std::string::npos) << tokenizer.error().message;
  }
}

// The expected ids below are those of Hugging Face's library.
TEST(AddedTokens, AreFoundAsHuggingFacesLibraryFindsThem) {
  const std::string json = R"({"added_tokens": [{"id": 10, "content": "ab"},
      {"id": 11, "content": "abc", "single_word": true}, {"id": 12, "content": "x", "rstrip": true},
      {"id": 13, "content": " "}, {"id": 14, "content": "y", "lstrip": true}, {"id": 15, "content": "\n", "lstrip": true}],
      "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "d": 3}, "merges": []}})";
  const auto tokenizer = parse_tokenizer_json(json);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const auto ids = [&](std::string_view text) { return (*tokenizer)->encode(text, SpecialTokens::parse); };
  EXPECT_EQ(ids("abc abd"), (std::vector<TokenId>{11, 13, 10, 3})) << "the longest at each place";
  EXPECT_EQ(ids("abcd"), (std::vector<TokenId>{0, 1, 2, 3})) << "no shorter one where the longest is no word";
  EXPECT_EQ(ids("x  a"), (std::vector<TokenId>{12, 13, 13, 0})) << "white space may be a token besides";
  EXPECT_EQ(ids("a  y"), (std::vector<TokenId>{0, 13, 13, 14})) << "what is taken already is not taken again";
  EXPECT_EQ(ids("x y"), (std::vector<TokenId>{12, 13, 14}));
  EXPECT_EQ(ids("x\nz"), (std::vector<TokenId>{12}))
      << "white space that is taken is no token that takes some too";
  EXPECT_EQ(ids(std::string(1'000'000, ' ')).size(), 1'000'000u);
}

TEST(AddedTokens, AreFoundSoInTheNormalisedTextToo) {
  const auto tokenizer = parse_tokenizer_json(R"({"normalizer": {"type": "Lowercase"}, "added_tokens": [
      {"id": 10, "content": "x", "rstrip": true, "normalized": true}, {"id": 11, "content": " ", "normalized": true}],
      "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ((*tokenizer)->encode("X  A", SpecialTokens::parse), (std::vector<TokenId>{10, 11, 11, 0}));
}

TEST(ByteLevel, PutsASpaceInFrontOfAnythingButASpace) {
  const auto tokenizer =
      parse_tokenizer_json(R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true,
      "use_regex": true}, "model": {"type": "BPE", "vocab": {"a": 0, "Ġ": 1, "Ċ": 2}, "merges": []}})");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ((*tokenizer)->encode("a", SpecialTokens::parse), (std::vector<TokenId>{1, 0}));
  EXPECT_EQ((*tokenizer)->encode(" a", SpecialTokens::parse), (std::vector<TokenId>{1, 0}));
  EXPECT_EQ((*tokenizer)->encode("\n", SpecialTokens::parse), (std::vector<TokenId>{1, 2}));
}

TEST(Lowercase, MakesTwoCharactersOfTheDottedI) {
  const auto tokenizer =
      parse_tokenizer_json(R"({"normalizer": {"type": "Lowercase"}, "model": {"type": "BPE",
      "vocab": {"i": 0, "̇": 1}, "merges": []}})");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ((*tokenizer)->encode("\u0130I", SpecialTokens::parse), (std::vector<TokenId>{0, 1, 0}));
}

TEST(TokenizerJson, TakesLongInputsInGoodTime) {
  const std::filesystem::path path = test_data_path("tokenizers/kitoken/gpt2.tokenizer.json");
  if (!exists(path)) GTEST_SKIP() << path;
  const auto tokenizer = load(path);
  ASSERT_NE(tokenizer, nullptr);
  for (const std::string unit : {" ", "a", "\n", "\u0301", "!"}) {
    const std::string text = replace_all(std::string(1'000'000, 'x'), "x", unit);
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, SpecialTokens::parse)), text);
  }
}

TEST(TokenizerOracle, IdsAreEqual) {
  const std::filesystem::path folder = test_data_path("oracles/tokenizer");
  if (!exists(folder)) GTEST_SKIP() << folder;
  const auto tokenizer = load(folder / "tokenizer.json");
  ASSERT_NE(tokenizer, nullptr);
  const Result<Value> golden = parse_json(*os::read_text_file(folder / "golden.json"));
  ASSERT_TRUE(golden);
  for (const Value& sample : *golden->find("samples")->array()) {
    const std::string& text = *sample.find("text")->text();
    EXPECT_EQ(tokenizer->encode(text, SpecialTokens::parse), ids_of(*sample.find("ids"))) << text;
  }
  const Value& chat = *golden->find("chat");
  EXPECT_EQ(tokenizer->encode(*chat.find("rendered")->text(), SpecialTokens::parse),
            ids_of(*chat.find("ids")));
}

}  // namespace
}  // namespace shoal
