#include "grammar/fewest_tokens.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/test_data_for_test.h"
#include "grammar/any_following_for_test.h"
#include "grammar/gbnf.h"
#include "grammar/grammar_matcher.h"
#include "grammar/json_schema.h"
#include "tokens/fake_tokenizer_for_test.h"
#include "tokens/golden_files_for_test.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

// The fewest tokens to an end, found breadth first through all tokens.
int64_t searched(GrammarStates& states, const Tokenizer& tokenizer, int32_t from) {
  std::map<int32_t, int64_t> distance{{from, 0}};
  std::vector<int32_t> reached{from};
  for (size_t at = 0; at < reached.size(); ++at) {
    if (states.can_end(reached[at])) return distance[reached[at]];
    for (TokenId token = 0; token < tokenizer.vocabulary_size(); ++token) {
      int32_t next = reached[at];
      for (const char byte : tokenizer.token_bytes(token)) {
        if (next != GrammarStates::dead_state) next = states.step(next, static_cast<uint8_t>(byte));
      }
      const int64_t tokens = distance[reached[at]] + 1;
      if (next != GrammarStates::dead_state && distance.try_emplace(next, tokens).second)
        reached.push_back(next);
    }
  }
  return FewestTokens::never;
}

// Whether some token leads to a state whose count is one less.
bool leads_on(GrammarStates& states, FewestTokens& fewest, const Tokenizer& tokenizer, int32_t from) {
  for (TokenId token = 0; token < tokenizer.vocabulary_size(); ++token) {
    int32_t next = from;
    for (const char byte : tokenizer.token_bytes(token)) {
      if (next != GrammarStates::dead_state) next = states.step(next, static_cast<uint8_t>(byte));
    }
    if (next != GrammarStates::dead_state && fewest.of(next) < fewest.of(from)) return true;
  }
  return false;
}

TEST(FewestTokens, AreHardlyMoreThanASearchFinds) {
  std::vector<std::string> words;
  for (char32_t byte = 0; byte < 128; ++byte) words.emplace_back(1, static_cast<char>(byte));
  for (const char* word : {"ab", "abc", "bcd", "{\"", "\":", "\":\"", "\"}", "\",\"", "aaaa", "aaaaaaaa",
                           "):", "((", "12", "true", "alse,", "\"a", "kind", "ind\":\"x\"", "\":1"})
    words.emplace_back(word);
  const FakeTokenizer tokenizer(words);
  const TokenTrie trie(tokenizer);
  std::vector<Result<Grammar>> grammars;
  for (const char* source :
       {"root ::= \"abc\" \"bcd\"? \"e\"",
        "root ::= \"(\" (root | \"x\" \"y\") \")\" | \"a\" tail\ntail ::= \"b\" tail | \":\"",
        "root ::= \"a\"* \"b\"", "root ::= [a-c]{7} \"d\"",
        "root ::= item*\nitem ::= \"a\"* (\"(\" item \")\")?"})
    grammars.push_back(parse_gbnf(source));
  for (
      const char* schema :
      {R"({"type":"object","properties":{"a":{"type":"string","minLength":9},"b":{"type":"boolean"}},"required":["a","b"]})",
       R"({"type":"array","items":{"enum":["ab",17,null]},"minItems":2,"maxItems":3})",
       R"({"type":"object","properties":{"kind":{"const":"x"},"next":{"$ref":"#"}},"required":["kind"],"additionalProperties":false})"})
    grammars.push_back(compile_json_schema(*parse_json(schema)));
  std::mt19937 random(5);
  for (const Result<Grammar>& grammar : grammars) {
    ASSERT_TRUE(grammar) << grammar.error().message;
    const ShortestEnds ends(*grammar);
    for (int walk = 0; walk < 10; ++walk) {
      GrammarStates states(*grammar, ends);
      FewestTokens fewest(states, trie);
      int32_t state = states.start();
      for (int i = 0; i < 8; ++i) {
        const int64_t least = searched(states, tokenizer, state);
        ASSERT_GE(fewest.of(state), least) << walk << " " << i;
        ASSERT_LE(fewest.of(state), least + 2) << walk << " " << i;
        ASSERT_TRUE(least == 0 || leads_on(states, fewest, tokenizer, state)) << walk << " " << i;
        state = any_following(states, state, random);
        if (state == GrammarStates::dead_state) break;
      }
    }
  }
}

TEST(FewestTokens, AreNeverEnoughWhereTheVocabularyLacksAByte) {
  const FakeTokenizer tokenizer({"a", "bc"});
  const TokenTrie trie(tokenizer);
  for (const auto& [source, tokens] : std::vector<std::pair<const char*, int64_t>>{
           {"root ::= \"abc\"", 2}, {"root ::= \"ab\"", FewestTokens::never}, {"root ::= \"a\"*", 0}}) {
    const Result<Grammar> grammar = parse_gbnf(source);
    const ShortestEnds ends(*grammar);
    GrammarStates states(*grammar, ends);
    EXPECT_EQ(FewestTokens(states, trie).of(states.start()), tokens) << source;
  }
}

class HeldByTokens : public testing::TestWithParam<const char*> {};

// Whatever is chosen, the text is whole within the tokens that a tokenizer makes of the shortest one, or
// hardly more.
TEST_P(HeldByTokens, EveryTextIsWholeWithAsManyTokensAsTheShortestTakes) {
  const auto file = test_data_path("tokenizers") / GetParam();
  if (!exists(file)) GTEST_SKIP() << file;
  const auto tokenizer = load_tokenizer(file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const auto vocabulary = std::make_shared<const GrammarVocabulary>(**tokenizer);
  std::string long_text;
  while (long_text.size() < 296) long_text += "The quick brown fox jumps over the lazy dog. ";
  long_text.resize(296);
  for (
      const auto& [schema, shortest] : std::vector<std::pair<std::string, std::string>>{
          {R"({"const":")" + long_text + "\"}", '"' + long_text + '"'},
          {R"({"type":"object","properties":{"title":{"const":")" + long_text +
               R"("},"year":{"type":"integer"},"tags":{"type":"array","items":{"type":"string"}},"kind":{"enum":["book"]}},
                "required":["title","year","tags","kind"],"additionalProperties":false})",
           R"({"title":")" + long_text + R"(","year":0,"tags":[],"kind":"book"})"},
          {R"({"type":"array","minItems":30,"items":{"type":"boolean"}})",
           [] {
             std::string list = "[true";
             for (int i = 1; i < 30; ++i) list += ",true";
             return list + "]";
           }()},
          {R"({"type":"string","minLength":400})", '"' + std::string(400, ' ') + '"'}}) {
    const auto grammar =
        std::make_shared<const TokenGrammar>(*compile_json_schema(*parse_json(schema)), vocabulary);
    const auto least = static_cast<int64_t>((*tokenizer)->encode(shortest, SpecialTokens::as_text).size());
    for (const int64_t budget : {least + 1, least + 5, 2 * least}) {
      std::mt19937 random(static_cast<uint32_t>(budget));
      GrammarMatcher matcher(grammar);
      std::string text;
      for (int64_t left = budget; left > 0 && matcher.can_go_on(); --left) {
        const TokenMask& mask = matcher.mask(left);
        std::vector<TokenId> allowed;
        for (TokenId token = 0; token < vocabulary->size(); ++token) {
          if (mask.allows(token)) allowed.push_back(token);
        }
        ASSERT_FALSE(allowed.empty()) << text;
        const TokenId token = allowed[random() % allowed.size()];
        if (!matcher.accept(token)) break;  // an end token
        text += (*tokenizer)->token_bytes(token);
      }
      EXPECT_TRUE(matcher.can_end()) << budget << " tokens, " << least << " for the shortest: " << text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, HeldByTokens,
                         testing::Values("npm-qwen3/tokenizer.json", "npm-llama2/tokenizer.json",
                                         "npm-gptoss/tokenizer.json", "npm-llama3_1/tokenizer.json"),
                         [](const auto& test) { return "number" + std::to_string(test.index); });

}  // namespace
}  // namespace shoal
