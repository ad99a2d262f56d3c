#include "grammar/grammar_matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <random>

#include "base/os.h"
#include "base/test_data_for_test.h"
#include "grammar/gbnf.h"
#include "grammar/json_schema.h"
#include "grammar/unpacked_schemas_for_test.h"
#include "grammar/written_values_for_test.h"
#include "tokens/fake_tokenizer_for_test.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

using testing::ElementsAre;

std::shared_ptr<const TokenGrammar> over(Result<Grammar> grammar,
                                         std::shared_ptr<const GrammarVocabulary> vocabulary) {
  EXPECT_TRUE(grammar) << (grammar ? "" : grammar.error().message);
  return std::make_shared<const TokenGrammar>(*std::move(grammar), std::move(vocabulary));
}

std::shared_ptr<const TokenGrammar> gbnf_over(std::string_view source, const Tokenizer& tokenizer) {
  return over(parse_gbnf(source), std::make_shared<const GrammarVocabulary>(tokenizer));
}

std::vector<TokenId> tokens_of(const TokenMask& mask, const Tokenizer& tokenizer) {
  std::vector<TokenId> tokens;
  for (TokenId token = 0; token < tokenizer.vocabulary_size(); ++token) {
    if (mask.allows(token)) tokens.push_back(token);
  }
  return tokens;
}

// The tokens that a mask must allow: each is tried by itself, byte by byte.
std::vector<TokenId> tried(const GrammarMatcher& matcher, const Grammar& grammar, std::string_view text,
                           const Tokenizer& tokenizer) {
  const ShortestEnds ends(grammar);
  GrammarStates states(grammar, ends);
  int32_t begin = states.start();
  for (const char byte : text) begin = states.step(begin, static_cast<uint8_t>(byte));
  std::vector<TokenId> tokens;
  for (TokenId token = 0; token < tokenizer.vocabulary_size(); ++token) {
    const bool is_end = std::ranges::binary_search(tokenizer.end_tokens(), token);
    if (is_end && matcher.can_end()) tokens.push_back(token);
    const std::string_view bytes = tokenizer.token_bytes(token);
    if (is_end || bytes.empty() || tokenizer.is_special(token)) continue;
    int32_t state = begin;
    for (const char byte : bytes) {
      if (state != GrammarStates::dead_state) state = states.step(state, static_cast<uint8_t>(byte));
    }
    if (state != GrammarStates::dead_state) tokens.push_back(token);
  }
  return tokens;
}

std::unique_ptr<const Tokenizer> real_tokenizer(const std::string& path) {
  const auto file = test_data_path(path);
  if (!exists(file)) return nullptr;
  auto tokenizer = parse_tokenizer_json(*os::read_text_file(file));
  EXPECT_TRUE(tokenizer);
  return *std::move(tokenizer);
}

TEST(GrammarMatcher, AllowsTokensThatSpanSeveralTerminals) {
  const FakeTokenizer tokenizer({"a", "ab", "abc", "b", "c", "ca", "cab", "x", "<end>"}, {8}, {8});
  GrammarMatcher matcher(gbnf_over(
      "root ::= item+\nitem ::= \"(\" root \")\" | x y z\nx ::= \"a\"\ny ::= \"b\"\nz ::= \"c\"", tokenizer));
  EXPECT_THAT(tokens_of(matcher.mask(), tokenizer), ElementsAre(0, 1, 2));
  EXPECT_TRUE(matcher.accept(TokenId{1}));
  EXPECT_THAT(tokens_of(matcher.mask(), tokenizer), ElementsAre(4, 5, 6));
  EXPECT_FALSE(matcher.accept(TokenId{0}));
  EXPECT_TRUE(matcher.accept(TokenId{4}));
  EXPECT_THAT(tokens_of(matcher.mask(), tokenizer), ElementsAre(0, 1, 2, 8));
}

TEST(GrammarMatcher, AllowsEndTokensOnlyWhereTheTextMayEnd) {
  const FakeTokenizer tokenizer({"a", "b", "<end>", "<other>"}, {2, 3}, {2});
  GrammarMatcher matcher(gbnf_over("root ::= \"a\" \"b\"?", tokenizer));
  EXPECT_THAT(tokens_of(matcher.mask(), tokenizer), ElementsAre(0));
  EXPECT_TRUE(matcher.accept(TokenId{0}));
  EXPECT_THAT(tokens_of(matcher.mask(), tokenizer), ElementsAre(1, 2));
  EXPECT_TRUE(matcher.can_end() && matcher.can_go_on());
  EXPECT_TRUE(matcher.accept(TokenId{1}));
  EXPECT_THAT(tokens_of(matcher.mask(), tokenizer), ElementsAre(2));
  EXPECT_TRUE(matcher.can_end() && !matcher.can_go_on());
}

TEST(GrammarMatcher, AllowsASpecialTokenWhereTheGrammarNamesItAndNowhereElse) {
  const FakeTokenizer tokenizer({"<call>", "<call>", "a", "<", "call>", "<end>", "\xFF", "\xFE"}, {1, 5},
                                {5});
  GrammarBuilder builder;
  const int32_t root = builder.add_rule("root");
  std::vector<Expression> parts;
  parts.push_back(repeated(any_of({{0, last_code_point}}), 1, 2));
  parts.push_back(special_token("<call>"));
  builder.define(root, sequence_of(std::move(parts)));
  GrammarMatcher matcher(over(builder.build(root), std::make_shared<const GrammarVocabulary>(tokenizer)));
  EXPECT_THAT(tokens_of(matcher.mask(), tokenizer), ElementsAre(2, 3));
  EXPECT_FALSE(matcher.accept(TokenId{1}));
  EXPECT_TRUE(matcher.accept(TokenId{2}));
  EXPECT_THAT(tokens_of(matcher.mask(), tokenizer), ElementsAre(1, 2, 3));
  EXPECT_FALSE(matcher.accept(TokenId{0}));
  EXPECT_TRUE(matcher.accept(TokenId{1}));
  EXPECT_FALSE(matcher.can_go_on());
}

TEST(GrammarMatcher, TakesFinishedGrammarsForParts) {
  const FakeTokenizer tokenizer({"a", "(", ")", "!", "b"});
  GrammarBuilder builder;
  const int32_t inner = builder.add_grammar(*parse_gbnf("root ::= \"a\" | \"(\" root \")\""));
  const int32_t other = builder.add_grammar(*parse_gbnf("root ::= x?\nx ::= \"b\" x?"));
  const int32_t root = builder.add_rule("root");
  std::vector<Expression> parts;
  for (const int32_t rule : {inner, other, inner}) parts.push_back(use_rule(rule));
  parts.push_back(literal_text("!"));
  builder.define(root, sequence_of(std::move(parts)));
  const Result<Grammar> grammar = builder.build(root);
  ASSERT_TRUE(grammar) << grammar.error().message;
  for (const char* text : {"aa!", "((a))bbb(a)!", "aba!"}) EXPECT_TRUE(accepts_text(*grammar, text)) << text;
  for (const char* text : {"a!", "((a)bbb(a)!", "ab!", "aa"})
    EXPECT_FALSE(accepts_text(*grammar, text)) << text;
}

TEST(GrammarMatcher, LeavesOutTheSpaceThatTheFirstTokenLoses) {
  const FakeTokenizer tokenizer({"a", " a", " ", "  a", "b", " b"});
  const auto grammar = gbnf_over("root ::= \"a\" \" \"? \"b\"", tokenizer);
  GrammarMatcher matcher(grammar, FirstSpace::dropped);
  EXPECT_THAT(tokens_of(matcher.mask(), tokenizer), ElementsAre(0, 1, 2));
  EXPECT_TRUE(matcher.accept(TokenId{1}));
  EXPECT_THAT(tokens_of(matcher.mask(), tokenizer), ElementsAre(2, 4, 5));
  GrammarMatcher plain(grammar);
  EXPECT_THAT(tokens_of(plain.mask(), tokenizer), ElementsAre(0));
}

TEST(GrammarMatcher, GivesTheMaskThatTryingEveryTokenGives) {
  const auto tokenizer = real_tokenizer("tokenizers/npm-qwen3/tokenizer.json");
  if (tokenizer == nullptr) GTEST_SKIP() << "the tokenizer";
  const auto vocabulary = std::make_shared<const GrammarVocabulary>(*tokenizer);
  const std::vector<Result<Grammar>> grammars{
      compile_json_schema(*parse_json(R"({"type":"object"})")),
      compile_json_schema(*parse_json(R"({"type":"array","items":{"type":"string","maxLength":9}})")),
      compile_json_schema(*parse_json(
          R"({"properties":{"a":{"enum":["ab","a c"]}},"patternProperties":{"^b":{"type":"number","minimum":3}}})")),
      parse_gbnf("root ::= word (ws word)*\nword ::= [a-z]+ | \"(\" root \")\"\nws ::= [ \\n]*"),
      parse_gbnf("root ::= s\ns ::= \"a\" s \"a\" | \"b\" s \"b\" | [ab]"),
  };
  std::mt19937 random(7);
  for (const Result<Grammar>& grammar : grammars) {
    ASSERT_TRUE(grammar) << grammar.error().message;
    GrammarMatcher matcher(over(*grammar, vocabulary));
    std::string text;
    for (int i = 0; i < 25 && matcher.can_go_on(); ++i) {
      const std::vector<TokenId> allowed = tokens_of(matcher.mask(), *tokenizer);
      const std::vector<TokenId> expected = tried(matcher, *grammar, text, *tokenizer);
      std::vector<TokenId> differing;
      std::ranges::set_symmetric_difference(allowed, expected, std::back_inserter(differing));
      ASSERT_TRUE(differing.empty()) << text << ": " << differing.size() << " tokens, the first is \""
                                     << tokenizer->token_bytes(differing.front()) << "\"";
      TokenId token = allowed[random() % allowed.size()];
      for (int tries = 0; tries < 4; ++tries) {
        const TokenId other = allowed[random() % allowed.size()];
        if (tokenizer->token_bytes(other).size() < tokenizer->token_bytes(token).size()) token = other;
      }
      if (!matcher.accept(token)) break;  // an end token
      text += tokenizer->token_bytes(token);
    }
  }
}

TEST(GrammarMatcher, IsAFunctionOfTheTokensAlone) {
  const auto tokenizer = real_tokenizer("tokenizers/npm-qwen3/tokenizer.json");
  if (tokenizer == nullptr) GTEST_SKIP() << "the tokenizer";
  const auto vocabulary = std::make_shared<const GrammarVocabulary>(*tokenizer);
  const auto grammar = over(compile_json_schema(*parse_json(R"({"type":"object"})")), vocabulary);
  std::mt19937 random(3);
  GrammarMatcher one(grammar);
  std::vector<TokenId> taken;
  for (int i = 0; i < 400 && one.can_go_on(); ++i) {
    const std::vector<TokenId> allowed = tokens_of(one.mask(), *tokenizer);
    const TokenId token = allowed[random() % allowed.size()];
    if (!one.accept(token)) break;
    taken.push_back(token);
    if (i % 50 != 49) continue;
    // A second matcher that has made no mask so far, over a vocabulary that has kept nothing.
    const auto fresh = over(compile_json_schema(*parse_json(R"({"type":"object"})")),
                            std::make_shared<const GrammarVocabulary>(*tokenizer));
    GrammarMatcher other(fresh);
    for (const TokenId again : taken) ASSERT_TRUE(other.accept(again));
    ASSERT_TRUE(std::ranges::equal(other.mask().words(), one.mask().words()));
  }
  EXPECT_GT(taken.size(), 50u);
}

// A judge for the schemas of functions that is independent of the grammar.
bool satisfies(const Value& schema, const Value& value);

bool has_type(const std::string& type, const Value& value) {
  const bool is_whole = value.integer() != nullptr ||
                        (value.number() != nullptr && std::floor(*value.number()) == *value.number());
  if (type == "object") return value.object() != nullptr;
  if (type == "array") return value.array() != nullptr;
  if (type == "string") return value.text() != nullptr;
  if (type == "boolean") return value.boolean() != nullptr;
  if (type == "integer") return is_whole;
  return is_whole || value.number() != nullptr;
}

bool satisfies_object(const Value& schema, const Value& value) {
  if (const Value* properties = schema.find("properties")) {
    for (const auto& [name, own] : *properties->object()) {
      const Value* member = value.find(name);
      if (member != nullptr && !satisfies(own, *member)) return false;
    }
  }
  if (const Value* required = schema.find("required")) {
    for (const Value& name : *required->array()) {
      if (value.find(*name.text()) == nullptr) return false;
    }
  }
  const Value* additional = schema.find("additionalProperties");
  if (additional != nullptr && additional->boolean() != nullptr && !*additional->boolean()) {
    for (const auto& [name, member] : *value.object()) {
      if (schema.find("properties")->find(name) == nullptr) return false;
    }
  }
  return true;
}

bool satisfies(const Value& schema, const Value& value) {
  if (const Value* type = schema.find("type"); type != nullptr && !has_type(*type->text(), value))
    return false;
  if (value.object() != nullptr && !satisfies_object(schema, value)) return false;
  const Value* items = schema.find("items");
  if (value.array() != nullptr && items != nullptr) {
    for (const Value& item : *value.array()) {
      if (!satisfies(*items, item)) return false;
    }
  }
  const Value* list = schema.find("enum");
  return list == nullptr || std::ranges::find(*list->array(), value) != list->array()->end();
}

TEST(GrammarMatcher, LetsARealVocabularyWriteOnlyWhatTheSchemasSay) {
  const auto tokenizer = real_tokenizer("tokenizers/npm-qwen3/tokenizer.json");
  const UnpackedSchemas functions("jsonschemabench_Glaiveai2K.tar.gz");
  if (tokenizer == nullptr || !functions.is_there()) GTEST_SKIP() << "the tokenizer or the schemas";
  const auto vocabulary = std::make_shared<const GrammarVocabulary>(*tokenizer);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(functions.folder() / "data/Glaiveai2K"))
    files.push_back(entry.path());
  std::ranges::sort(files);
  std::mt19937 random(11);
  int64_t finished = 0;
  for (size_t i = 0; i < files.size(); i += 100) {
    const Value schema = *parse_json(*os::read_text_file(files[i]));
    GrammarMatcher matcher(over(compile_json_schema(schema), vocabulary));
    std::string text;
    for (int count = 0; count < 300 && matcher.can_go_on(); ++count) {
      const std::vector<TokenId> allowed = tokens_of(matcher.mask(), *tokenizer);
      ASSERT_FALSE(allowed.empty()) << text;
      // Mostly takes a token that ends something, so that texts come to an end.
      const auto closes = [&](TokenId token) {
        return tokenizer->token_bytes(token).find_first_of("\"}]") != std::string_view::npos;
      };
      TokenId token = allowed[random() % allowed.size()];
      std::vector<TokenId> closing;
      std::ranges::copy_if(allowed, std::back_inserter(closing), closes);
      if (!closing.empty() && random() % 4 != 0) token = closing[random() % closing.size()];
      if (!matcher.accept(token)) break;
      text += tokenizer->token_bytes(token);
    }
    if (!matcher.can_end()) continue;
    ++finished;
    const Result<Value> value = parse_json(text);
    ASSERT_TRUE(value) << text;
    EXPECT_TRUE(satisfies(schema, *value)) << files[i] << "\n" << text;
  }
  EXPECT_GT(finished, 8);
}

TEST(GrammarMatcher, RefusesTextsThatNestBeyondItsDepth) {
  const FakeTokenizer tokenizer({"[", "]"});
  GrammarMatcher matcher(gbnf_over("root ::= \"[\" root? \"]\"", tokenizer));
  int depth = 0;
  while (depth < 1000 && matcher.accept(TokenId{0})) ++depth;
  EXPECT_GT(depth, 200);
  EXPECT_LT(depth, 300);
  for (int i = 0; i < depth; ++i) EXPECT_TRUE(matcher.accept(TokenId{1}));
  EXPECT_TRUE(matcher.can_end() && !matcher.can_go_on());
}

}  // namespace
}  // namespace shoal
