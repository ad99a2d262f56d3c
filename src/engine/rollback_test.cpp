#include <gtest/gtest.h>

#include <random>

#include "base/test_data_for_test.h"
#include "engine/oracle_for_test.h"

namespace shoal {
namespace {

// Some tokens without a pattern, from the vocabulary's middle.
std::vector<TokenId> make_prompt(int64_t count, int64_t vocabulary, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<TokenId> tokens;
  for (int64_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<TokenId>(3 + random() % (vocabulary - 10)));
  return tokens;
}

// What was in a page before does not matter: rolling back and going on gives what a fresh slot gives.
TEST(Rollback, LeavesNoTrace) {
  const auto path = test_data_path("oracles/gguf/llama-q4_1");
  if (!exists(path)) GTEST_SKIP() << path;
  const auto checkpoint = Checkpoint::open(path);
  ASSERT_TRUE(checkpoint);
  CpuEngineSettings settings;
  settings.slot_limit = 2;
  settings.context_length = 256;
  settings.kv_memory_bytes =
      4 *
      kv_page_bytes(checkpoint->config(), {.first_layer = 0, .end_layer = 3, .is_head = true}, KvType::f16);
  auto chain = EngineChain::load(*checkpoint, {3}, settings);
  ASSERT_TRUE(chain);
  const int64_t vocabulary = checkpoint->config().vocabulary_size;
  const auto tokens = make_prompt(140, vocabulary, 3);
  const auto other = make_prompt(200, vocabulary, 4);
  const auto fresh = chain->logits_of(0, 0, tokens, 512);
  ASSERT_TRUE(fresh) << fresh.error().message;

  // The same slot holds other tokens from 70 on, then they are dropped.
  ASSERT_TRUE(chain->logits_of(0, 70, std::span(other).first(100), 512));
  const auto again = chain->logits_of(0, 70, std::span(tokens).subspan(70), 7);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, std::vector<float>(fresh->begin() + 70 * vocabulary, fresh->end()));

  // Released, its pages go through another slot and come back.
  ASSERT_TRUE(chain->step({.sequences = {}, .released_slots = {0}}, {}));
  ASSERT_TRUE(chain->logits_of(1, 0, other, 512));
  EXPECT_EQ(chain->logits_of(0, 0, tokens, 512).error().code, ErrorCode::resource_exhausted);
  ASSERT_TRUE(chain->step({.sequences = {}, .released_slots = {1}}, {}));
  EXPECT_EQ(*chain->logits_of(0, 0, tokens, 512), *fresh);
}

}  // namespace
}  // namespace shoal
