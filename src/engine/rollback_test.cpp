// Logits have the same bits whatever the split, threads, batch, prefill chunk and instruction set. By default
// a sample of the combinations runs; SHOAL_MATRIX=all runs every one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/test_data_for_test.h"
#include "engine/oracle_for_test.h"

namespace shoal {
namespace {

struct Arrangement {
  std::vector<int64_t> split;  // layers of each engine
  int64_t threads;
  int64_t batch;  // sequences in a step, ours among them
  int64_t chunk;  // rows of ours in a step of prefill
  Isa isa;
};

std::string describe(const Arrangement& arrangement) {
  return fmt::format("layers {}, threads {}, batch {}, chunk {}, {}", fmt::join(arrangement.split, " + "),
                     arrangement.threads, arrangement.batch, arrangement.chunk, isa_name(arrangement.isa));
}

// Some tokens without a pattern, from the vocabulary's middle.
std::vector<TokenId> make_prompt(int64_t count, int64_t vocabulary, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<TokenId> tokens;
  for (int64_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<TokenId>(3 + random() % (vocabulary - 10)));
  return tokens;
}

// One sequence of the batch: its tokens are fed in pieces, from the beginning again when there are none left.
struct Companion {
  std::vector<TokenId> tokens;
  int64_t length = 0;

  void add_rows(int32_t slot, int64_t count, StepBatch& batch, std::vector<TokenId>& rows) {
    if (length + count > std::ssize(tokens)) length = std::min(length, int64_t{5});  // a rollback, too
    batch.sequences.push_back({.slot = slot, .keep_length = length, .row_count = count});
    rows.insert(rows.end(), tokens.begin() + length, tokens.begin() + length + count);
    length += count;
  }
};

constexpr int64_t prompt_length = 150;  // three chunks of attention
constexpr int64_t decode_steps = 4;

// The logits of all rows of one sequence, prefilled and then decoded, while others share its steps.
Result<std::vector<float>> run(const Checkpoint& checkpoint, const Arrangement& arrangement) {
  CpuEngineSettings settings;
  settings.thread_count = arrangement.threads;
  settings.isa = arrangement.isa;
  settings.slot_limit = 7;
  settings.context_length = 256;
  settings.kv_memory_bytes = int64_t{256} << 20;
  auto chain = EngineChain::load(checkpoint, arrangement.split, settings);
  if (!chain) return fail(chain.error());
  const int64_t vocabulary = checkpoint.config().vocabulary_size;
  const int64_t hidden_size = checkpoint.config().hidden_size;
  const auto tokens = make_prompt(prompt_length + decode_steps, vocabulary, 1);
  std::vector<Companion> companions;
  for (int64_t i = 1; i < arrangement.batch; ++i) {
    companions.push_back({make_prompt(40 + 13 * i, vocabulary, static_cast<uint32_t>(1 + i))});
  }

  std::vector<float> all;
  for (int64_t done = 0, step = 0; done < std::ssize(tokens); ++step) {
    const int64_t rows = done < prompt_length ? std::min(arrangement.chunk, prompt_length - done) : 1;
    StepBatch batch;
    std::vector<TokenId> ids;
    int64_t first_row = 0;
    for (int64_t i = 0; i < arrangement.batch; ++i) {
      if (i == arrangement.batch / 2) {  // ours, in the middle
        first_row = std::ssize(ids);
        batch.sequences.push_back({.slot = 6, .keep_length = done, .row_count = rows});
        ids.insert(ids.end(), tokens.begin() + done, tokens.begin() + done + rows);
      } else {
        const auto index = i - (i > arrangement.batch / 2 ? 1 : 0);
        companions[static_cast<size_t>(index)].add_rows(static_cast<int32_t>(index), 1 + (3 * i + step) % 4,
                                                        batch, ids);
      }
    }
    const auto hidden = chain->step(batch, ids);
    if (!hidden) return fail(hidden.error());
    const auto logits = chain->logits(std::span(*hidden).subspan(static_cast<size_t>(first_row * hidden_size),
                                                                 static_cast<size_t>(rows * hidden_size)));
    if (!logits) return fail(logits.error());
    all.insert(all.end(), logits->begin(), logits->end());
    done += rows;
  }
  return all;
}

// All arrangements; the first is the one that the others are compared with.
std::vector<Arrangement> all_arrangements(int64_t layers) {
  std::vector<std::vector<int64_t>> splits = {{layers}, {1, layers - 1}, {layers - 2, 1, 1}};
  if (layers >= 5) splits.push_back({0, 1, layers - 3, 1, 1});
  std::vector<Arrangement> result;
  for (const Isa isa : {Isa::reference, Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (!isa_available(isa)) continue;
    for (const auto& split : splits) {
      for (const int64_t threads : {1, 2, 3}) {
        for (const int64_t batch : {1, 2, 7}) {
          for (const int64_t chunk : {512, 16, 1}) result.push_back({split, threads, batch, chunk, isa});
        }
      }
    }
  }
  return result;
}

bool wants_all() { return os::environment("SHOAL_MATRIX") == "all"; }

// A seeded choice, of which the slow ones (chunks of one row, the plain loops) are few.
bool is_chosen(const Arrangement& arrangement, std::mt19937& random) {
  const uint32_t slow = (arrangement.chunk == 1 ? 4 : 1) * (arrangement.isa == Isa::reference ? 6 : 1);
  return random() % (12 * slow) == 0;
}

class SameBits : public testing::TestWithParam<std::string> {};

TEST_P(SameBits, HoldForEveryArrangement) {
  const auto path = test_data_path(GetParam());
  if (!exists(path)) GTEST_SKIP() << path;
  const auto checkpoint = Checkpoint::open(path);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const auto arrangements = all_arrangements(checkpoint->config().layer_count);
  const auto expected = run(*checkpoint, arrangements.front());
  ASSERT_TRUE(expected) << expected.error().message;
  std::mt19937 random(static_cast<uint32_t>(std::hash<std::string>()(GetParam())));
  int64_t compared = 0;
  for (const Arrangement& arrangement : arrangements) {
    if (!wants_all() && !is_chosen(arrangement, random)) continue;
    const auto actual = run(*checkpoint, arrangement);
    ASSERT_TRUE(actual) << actual.error().message;
    ASSERT_EQ(actual->size(), expected->size());
    ASSERT_EQ(std::memcmp(actual->data(), expected->data(), actual->size() * sizeof(float)), 0)
        << describe(arrangement);
    ++compared;
  }
  RecordProperty("compared", static_cast<int>(compared));
  EXPECT_GT(compared, 6);
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(info.param.find('/') + 1);
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Models, SameBits,
                         testing::Values("weights/stories260K-hf-derived", "oracles/tiny/llama",
                                         "oracles/tiny/qwen2", "oracles/gguf/llama-q4_1",
                                         "oracles/gguf/qwen2-q8_0", "oracles/gguf/llama-f16"),
                         test_name);

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
      4 * kv_page_bytes(checkpoint->config(), checkpoint->config().layer_count, KvType::f16);
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
