// Scheduler and ring over the real engine and a trained model give the golden text, and the same tokens and
// logprobs whatever the split, the load and the threads are.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/os.h"
#include "base/test_data_for_test.h"
#include "engine/cpu_engine.h"
#include "model/checkpoint.h"
#include "ring/local_ring.h"
#include "waiting_client.h"

namespace shoal::simulation {
namespace {

constexpr const char* model_folder = "weights/stories260K-hf-derived";

const Tokenizer& story_tokenizer() {
  static const FakeTokenizer tokenizer(std::vector<std::string>(512, "x"), {}, {2});
  return tokenizer;
}

class TrainedModel : public testing::Test {
 protected:
  void SetUp() override {
    const auto path = test_data_path(model_folder);
    if (!exists(path)) GTEST_SKIP() << path;
    auto checkpoint = Checkpoint::open(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    checkpoint_ = std::make_unique<Checkpoint>(std::move(*checkpoint));
  }

  // `split` gives the layers of each stage. Limits are small, so that prefill is cut and sequences are
  // preempted.
  std::vector<std::shared_ptr<Engine>> load(const std::vector<int64_t>& split,
                                            CpuEngineSettings settings = {}) {
    settings.isa = choose_isa().value();
    settings.slot_limit = 4;
    settings.row_limit = 48;
    settings.context_length = 512;
    settings.kv_memory_bytes = 4 * 512 * 2 * 4 * 8 * int64_t{4};  // at least one sequence per layer
    std::vector<std::shared_ptr<Engine>> engines;
    int64_t layer = 0;
    for (const int64_t count : split) {
      settings.range = {.first_layer = layer, .end_layer = layer + count, .is_head = layer == 0};
      CpuEngineSettings own = settings;
      own.kv_memory_bytes *= count;
      auto engine = load_cpu_engine(*checkpoint_, own);
      EXPECT_TRUE(engine) << engine.error().message;
      engines.push_back(std::move(*engine));
      layer += count;
    }
    return engines;
  }

  // Submits everything at once and returns what was heard.
  std::map<Choice, Heard> answer(const std::vector<std::shared_ptr<Engine>>& engines,
                                 const std::vector<Generation>& generations) {
    WaitingClient client;
    ThreadLoop loop("scheduler");
    Scheduler scheduler({.prefill_chunk = 33}, loop, story_tokenizer(), client);
    auto local = LocalRing::make("stories", engines, scheduler);
    EXPECT_TRUE(local);
    scheduler.start((*local)->ring());
    std::map<Choice, Heard> heard;
    for (const Generation& generation : generations) EXPECT_TRUE(scheduler.submit(generation));
    for (const Generation& generation : generations) {
      const Choice choice{generation.request, generation.choice_index};
      heard[choice] = client.wait_for_end(choice);
    }
    scheduler.close();
    (*local)->close();
    return heard;
  }

  std::unique_ptr<Checkpoint> checkpoint_;
};

Generation story(RequestId request, std::vector<TokenId> prompt, int64_t max_tokens) {
  Generation generation{};
  generation.request = std::move(request);
  generation.prompt = std::move(prompt);
  generation.max_tokens = max_tokens;
  generation.settings.top_logprobs = 2;
  return generation;
}

TEST_F(TrainedModel, TellsItsPublishedStoryThroughThreeStages) {
  const auto text = os::read_text_file(test_data_path(std::string(model_folder) + "/greedy_golden.json"));
  ASSERT_TRUE(text);
  const std::vector<TokenId> golden = nlohmann::json::parse(*text)["token_ids"];
  Generation generation = story("golden", {golden.front()}, std::ssize(golden) - 1);
  generation.sampling.temperature = 0;
  generation.settings.ignore_end_tokens = true;
  CpuEngineSettings exact;
  exact.precision = WeightPrecision::exact_float;
  exact.kv_type = KvType::f32;
  const Heard heard = answer(load({2, 1, 2}, exact), {generation})[{"golden", 0}];
  EXPECT_EQ(heard.tokens, std::vector<TokenId>(golden.begin() + 1, golden.end()));
}

TEST_F(TrainedModel, GivesTheSameTokensAndLogprobsForEverySplitAndLoad) {
  std::mt19937 random(3);
  std::vector<Generation> generations;
  for (int i = 0; i < 8; ++i) {
    std::vector<TokenId> prompt{1};
    const size_t length = 20 + random() % 130;
    while (prompt.size() < length) prompt.push_back(static_cast<TokenId>(3 + random() % 500));
    generations.push_back(story(fmt::format("r{}", i), prompt, 60));
    generations.back().sampling.seed = static_cast<uint64_t>(i);
    generations.back().sampling.temperature = 0.9;
  }
  const auto one = load({5});
  std::map<Choice, Heard> alone;
  for (const Generation& generation : generations) alone.merge(answer(one, {generation}));
  for (const auto& split :
       std::vector<std::vector<int64_t>>{{5}, {4, 1}, {2, 3}, {1, 1, 2, 1}, {1, 1, 1, 1, 1}}) {
    for (auto& [choice, heard] : answer(load(split), generations)) {
      EXPECT_EQ(heard.tokens, alone[choice].tokens) << choice.first << " over " << split.size();
      EXPECT_EQ(heard.logprobs, alone[choice].logprobs) << choice.first << " over " << split.size();
      EXPECT_FALSE(heard.tokens.empty());
    }
  }
}

}  // namespace
}  // namespace shoal::simulation
