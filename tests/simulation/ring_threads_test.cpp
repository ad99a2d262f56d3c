// The simulated ring on real threads, for the thread sanitizer.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "ring/local_ring.h"
#include "waiting_client.h"

namespace shoal::simulation {
namespace {

std::vector<std::shared_ptr<Engine>> make_engines(const std::vector<int64_t>& borders,
                                                  int64_t page_capacity) {
  std::vector<std::shared_ptr<Engine>> engines;
  for (size_t i = 0; i + 1 < borders.size(); ++i) {
    EngineInfo info = HashEngine::default_info(borders[i], borders[i + 1]);
    info.context_length = context_length;
    info.page_capacity = page_capacity;
    engines.push_back(std::make_shared<HashEngine>(info));
  }
  return engines;
}

struct ThreadedRing {
  ThreadedRing(const std::vector<int64_t>& borders, int64_t page_capacity)
      : scheduler({.queue_limit = 1000}, loop, tokenizer(), client),
        local(LocalRing::make("model", make_engines(borders, page_capacity), scheduler).value()) {
    scheduler.start(local->ring());
  }
  ~ThreadedRing() {
    scheduler.close();
    local->close();
    loop.stop();
  }

  WaitingClient client;
  ThreadLoop loop{"scheduler"};
  Scheduler scheduler;
  std::unique_ptr<LocalRing> local;
};

TEST(RingOnThreads, ManyClientsGetWhatTheyWouldHaveAlone) {
  for (const auto& borders : std::vector<std::vector<int64_t>>{{0, 6}, {0, 1, 4, 6}}) {
    ThreadedRing ring(borders, 24);
    const auto submit_some = [&ring](uint64_t seed) {
      std::mt19937_64 random(seed);
      for (int i = 0; i < 10; ++i) {
        const Generation generation = random_generation(random, fmt::format("{}-{}", seed, i), 0);
        ASSERT_TRUE(ring.scheduler.submit(generation));
        if (i % 3 == 0) {
          ring.scheduler.cancel(generation.request);
        } else if (i % 2 == 0) {
          const Heard heard = ring.client.wait_for_end({generation.request, 0});
          const Heard alone = heard_alone(generation);
          EXPECT_EQ(heard.tokens, alone.tokens);
          EXPECT_EQ(heard.text, alone.text);
        }
        ring.scheduler.status();
      }
    };
    std::vector<std::jthread> clients;
    for (uint64_t seed = 1; seed <= 4; ++seed) clients.emplace_back(submit_some, seed);
  }
}

TEST(RingOnThreads, ALossInTheMiddleEndsEveryGenerationOnce) {
  for (uint64_t round = 0; round < 30; ++round) {
    ThreadedRing ring({0, 2, 6}, 100);
    std::mt19937_64 random(round);
    std::vector<Choice> choices;
    for (int i = 0; i < 8; ++i) {
      const Generation generation = random_generation(random, fmt::format("{}", i), 0);
      ASSERT_TRUE(ring.scheduler.submit(generation));
      choices.push_back({generation.request, 0});
    }
    ring.client.wait_for_end(choices[random() % choices.size()]);
    ring.local->ring().lose({ErrorCode::unavailable, "a node is gone"});
    for (const Choice& choice : choices) EXPECT_EQ(ring.client.wait_for_end(choice).end_count(), 1u);
  }
}

TEST(RingOnThreads, ClosesAtAnyMoment) {
  for (uint64_t round = 0; round < 50; ++round) {
    ThreadedRing ring({0, 3, 6}, 100);
    std::mt19937_64 random(round);
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(ring.scheduler.submit(random_generation(random, fmt::format("{}", i), 0)));
    }
    if (round % 2 == 0) ring.client.wait_for_end({"0", 0});
  }
}

}  // namespace
}  // namespace shoal::simulation
