#include "grammar/shortest_ends.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/os.h"
#include "base/test_data_for_test.h"
#include "grammar/any_following_for_test.h"
#include "grammar/gbnf.h"
#include "grammar/grammar_matcher.h"
#include "grammar/json_schema.h"
#include "grammar/unpacked_schemas_for_test.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

std::vector<Result<Grammar>> some_grammars() {
  std::vector<Result<Grammar>> grammars;
  for (const char* source :
       {"root ::= \"a\" \"bc\"? | \"dd\" [x-z]{3,5} \"e\"",
        "root ::= \"(\" (root | \"x\" \"y\") \")\" | \"a\" tail\ntail ::= \"b\" tail | \"\""}) {
    grammars.push_back(parse_gbnf(source));
  }
  for (
      const char* schema :
      {R"({"type":"object","properties":{"a":{"type":"string","minLength":4,"maxLength":6},"b":{"type":"number"}},"required":["a"]})",
       R"({"type":"array","items":{"enum":["ab",17,null]},"minItems":2,"maxItems":3})",
       R"({"type":"string","pattern":"^[A-C]{2}-[0-9]+$"})",
       R"({"type":"object","properties":{"kind":{"const":"x"},"next":{"$ref":"#"}},"required":["kind"],"additionalProperties":false})"}) {
    grammars.push_back(compile_json_schema(*parse_json(schema)));
  }
  return grammars;
}

// The fewest bytes to an end, found breadth first through all bytes.
int64_t searched_end(GrammarStates& states, int32_t from) {
  std::map<int32_t, int64_t> distance{{from, 0}};
  std::vector<int32_t> reached{from};
  for (size_t at = 0; at < reached.size(); ++at) {
    const int64_t bytes = distance[reached[at]];
    if (states.can_end(reached[at])) return bytes;
    for (int byte = 0; byte < 256; ++byte) {
      const int32_t next = states.step(reached[at], static_cast<uint8_t>(byte));
      if (next != GrammarStates::dead_state && distance.try_emplace(next, bytes + 1).second)
        reached.push_back(next);
    }
  }
  return -1;
}

TEST(ShortestEnds, AreThoseThatASearchThroughAllBytesFinds) {
  std::mt19937 random(5);
  for (const Result<Grammar>& grammar : some_grammars()) {
    ASSERT_TRUE(grammar) << grammar.error().message;
    const ShortestEnds ends(*grammar);
    for (int walk = 0; walk < 20; ++walk) {
      GrammarStates states(*grammar, ends);
      int32_t state = states.start();
      for (int i = 0; i < 12; ++i) {
        ASSERT_EQ(states.bytes_to_end(state), searched_end(states, state)) << walk << " " << i;
        state = any_following(states, state, random);
        if (state == GrammarStates::dead_state) break;
      }
    }
  }
}

TEST(ShortestEnds, BringEveryTextToItsEndBeforeTheTokensRunOut) {
  const auto file = test_data_path("tokenizers/npm-qwen3/tokenizer.json");
  const UnpackedSchemas functions("jsonschemabench_Glaiveai2K.tar.gz");
  if (!exists(file) || !functions.is_there()) GTEST_SKIP() << "the tokenizer or the schemas";
  const auto tokenizer = parse_tokenizer_json(*os::read_text_file(file));
  ASSERT_TRUE(tokenizer);
  const auto vocabulary = std::make_shared<const GrammarVocabulary>(**tokenizer);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(functions.folder() / "data/Glaiveai2K"))
    files.push_back(entry.path());
  std::ranges::sort(files);
  std::mt19937 random(23);
  for (size_t i = 0; i < files.size(); i += 200) {
    const auto grammar = std::make_shared<const TokenGrammar>(
        *compile_json_schema(*parse_json(*os::read_text_file(files[i]))), vocabulary);
    const int64_t least = grammar->ends.of_node(grammar->grammar.root());
    SCOPED_TRACE(files[i].filename().string());
    for (const int64_t budget : {least + 1, least + 40, least + 150}) {
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
        text += vocabulary->tokenizer().token_bytes(token);
      }
      EXPECT_TRUE(matcher.can_end()) << budget << " tokens: " << text;
      EXPECT_TRUE(parse_json(text)) << budget << " tokens: " << text;
    }
  }
}

}  // namespace
}  // namespace shoal
