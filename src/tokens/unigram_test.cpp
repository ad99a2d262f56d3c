#include "tokens/unigram.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tokens/character_map.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

// One field of a protobuf message.
std::string field(int number, std::string_view bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) +
         std::string(bytes);
}

std::string piece(std::string_view text, float score, int kind) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &score, 4);
  return field(1, field(1, text) + "\x15" + bytes + "\x18" + static_cast<char>(kind));
}

// The kinds are 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused.
std::string small_model() {
  const std::string trainer = "\x18\x01";  // model type: unigram
  const std::string normalizer = std::string("\x18\x01", 2) + std::string("\x20\x01", 2);
  return piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("\u2581", -2, 1) +
         piece("a", -3, 1) + piece("b", -3, 1) + piece("ab", -4, 1) + piece("\u2581a", -4.5F, 1) +
         piece("bab", -6, 1) + piece("zz", 0, 4) + piece("aab", -1, 5) + field(2, trainer) +
         field(3, normalizer);
}

std::vector<TokenId> encode(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, SpecialTokens::as_text);
}

TEST(Unigram, TakesTheWayWithTheHighestSum) {
  const auto tokenizer = parse_sentence_piece(small_model());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  // "▁ab": ▁ + ab = -6 beats ▁a + b = -7.5.
  EXPECT_EQ(encode(**tokenizer, "ab"), (std::vector<TokenId>{3, 6}));
  // "▁abab": ▁ ab ab = -10 beats ▁a bab = -10.5.
  EXPECT_EQ(encode(**tokenizer, "abab"), (std::vector<TokenId>{3, 6, 6}));
  // "▁a": -4.5 beats -5.
  EXPECT_EQ(encode(**tokenizer, "a"), (std::vector<TokenId>{7}));
  // An unused piece is never taken, a user-defined one always; unknown characters become one token.
  EXPECT_EQ(encode(**tokenizer, "aab"), (std::vector<TokenId>{7, 6}));
  EXPECT_EQ(encode(**tokenizer, "azzzz\u65e5\u672ca"), (std::vector<TokenId>{7, 9, 9, 0, 4}));
  EXPECT_EQ(encode(**tokenizer, "  a   b "), (std::vector<TokenId>{7, 3, 5}));
  EXPECT_EQ((*tokenizer)->decode(encode(**tokenizer, "ab a")), "ab a");
  EXPECT_TRUE(encode(**tokenizer, "   ").empty());
}

TEST(Unigram, MayHaveNoPieces) {
  const auto tokenizer = parse_sentence_piece(piece("<unk>", 0, 2) + field(2, "\x18\x01"));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(encode(**tokenizer, "ab"), (std::vector<TokenId>{0}));
}

TEST(Unigram, IsReadFromTokenizerJsonToo) {
  const auto read = [](const std::string& model) {
    return parse_tokenizer_json(R"({"pre_tokenizer": {"type": "Metaspace", "replacement": "▁"}, "model": )" +
                                model + "}");
  };
  const std::string vocabulary =
      R"("vocab": [["<unk>", 0], ["▁", -2], ["a", -3.0], ["b", -3], ["ab", -4], ["▁a", -4.5]])";
  const auto tokenizer = read(R"({"type": "Unigram", "unk_id": 0, )" + vocabulary + "}");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(encode(**tokenizer, "ab a\u65e5\u672c"), (std::vector<TokenId>{1, 4, 5, 0}));
  for (const auto& [model, message] : std::vector<std::pair<std::string, std::string>>{
           {R"({"type": "Unigram", "unk_id": 9, )" + vocabulary + "}", "unk_id"},
           {R"({"type": "Unigram", "vocab": [["a"]]})", "without a score"},
           {R"({"type": "Unigram", "vocab": [["a", 1, 2]]})", "more than"},
           {R"({"type": "Unigram", "vocab": []})", "no list"}}) {
    const auto wrong = read(model);
    ASSERT_FALSE(wrong) << model;
    EXPECT_NE(wrong.error().message.find(message), std::string::npos) << wrong.error().message;
  }
}

TEST(Unigram, IsReadFromGgufToo) {
  GgufFile file{.version = 3, .metadata = {}, .tensors = {}};
  file.metadata["tokenizer.ggml.model"] = {std::string("t5")};
  file.metadata["tokenizer.ggml.tokens"] = {
      std::vector<std::string>{"<pad>", "</s>", "<unk>", "\u2581", "a", "ab", "\u2581a"}};
  file.metadata["tokenizer.ggml.scores"] = {std::vector<double>{0, 0, 0, -2, -3, -4, -4.5}};
  file.metadata["tokenizer.ggml.token_type"] = {std::vector<int64_t>{3, 3, 2, 1, 1, 1, 1}};
  file.metadata["tokenizer.ggml.remove_extra_whitespaces"] = {true};
  file.metadata["tokenizer.ggml.eos_token_id"] = {uint64_t{1}};
  const auto tokenizer = parse_tokenizer_gguf(file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(encode(**tokenizer, " ab  a\u65e5\u672c"), (std::vector<TokenId>{3, 5, 6, 2}));
  EXPECT_EQ((*tokenizer)->encode("a</s>", SpecialTokens::parse), (std::vector<TokenId>{6, 1}));
  EXPECT_EQ((*tokenizer)->end_tokens(), (std::vector<TokenId>{1}));
  EXPECT_FALSE((*tokenizer)->adds_bos());
  file.metadata["tokenizer.ggml.precompiled_charsmap"] = {std::vector<int64_t>{9, 0, 0, 0, 1}};
  EXPECT_FALSE(parse_tokenizer_gguf(file));
}

// The trie of "a" → "xy" in Darts-clone's form: a root, its child at the place that the offset tells, and a
// leaf.
std::string small_map() {
  std::vector<uint32_t> units(256, 0);
  units[0] = 1 << 10;  // children of the root at 1 ^ byte
  const uint32_t child = 1 ^ 'a';
  units[child] = 4 << 10 | 1 << 8 | 'a';  // a leaf, at child ^ 4
  units[child ^ 4] = 1u << 31 | 1;        // the leaf's value: where the replacement begins
  const auto trie_bytes = static_cast<uint32_t>(4 * units.size());
  std::string bytes(4 + trie_bytes, '\0');
  std::memcpy(bytes.data(), &trie_bytes, 4);
  std::memcpy(bytes.data() + 4, units.data(), trie_bytes);
  return bytes + std::string("\0xy\0", 4);
}

TEST(CharacterMap, ReplacesWhatItHolds) {
  const Result<CharacterMap> map = CharacterMap::parse(small_map());
  ASSERT_TRUE(map);
  EXPECT_EQ(map->replace_longest("bab\u65e5"), "bxyb\u65e5");
  EXPECT_EQ(map->replace_graphemes("bab\u65e5"), "bxyb\u65e5");
  // The whole grapheme is replaced.
  EXPECT_EQ(map->replace_longest("a\u0301"), "xy\u0301");
  EXPECT_EQ(map->replace_graphemes("a\u0301"), "xy");
}

TEST(CharacterMap, IsRefusedWhereItIsCutOff) {
  const std::string bytes = small_map();
  for (const size_t length : {0, 3, 4, 100, 1027}) EXPECT_FALSE(CharacterMap::parse(bytes.substr(0, length)));
  // Replacements must be UTF-8; a trie whose offsets lead outside replaces nothing.
  std::string wild(4 + 1024 + 4, '\xFF');
  const uint32_t size = 1024;
  std::memcpy(wild.data(), &size, 4);
  EXPECT_FALSE(CharacterMap::parse(wild));
  wild.replace(4 + 1024, 4, "abc");
  const Result<CharacterMap> map = CharacterMap::parse(wild);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->replace_longest("\xC3\xBF"), "\xC3\xBF");
}

}  // namespace
}  // namespace shoal
