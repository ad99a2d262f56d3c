// Ring and scheduler over engines whose logits are a hash of a sequence's whole history. Each of hundreds of
// seeds has its own split, limits, load, delays and faults.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "simulated_ring.h"

namespace shoal::simulation {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr uint64_t seed_count = 300;

// Counts what happened over all seeds, so that a test can check that it tested something.
struct Coverage {
  int64_t preemptions = 0;
  int64_t cancelled = 0;
  int64_t refused = 0;
  int64_t finished = 0;
  int64_t failed = 0;
  int64_t cut_short = 0;  // some tokens came before the failure
};

class Load {
 public:
  Load(SimulatedWorld& world, int64_t request_count) {
    for (int64_t i = 0; i < request_count; ++i) {
      const RequestId request = fmt::format("r{}", i);
      const int64_t choices = random_between(world.random(), 0, 3) == 0 ? 2 : 1;
      for (int64_t choice = 0; choice < choices; ++choice) {
        const Generation generation =
            random_generation(world.random(), request, static_cast<uint32_t>(choice));
        generations.emplace(Choice{request, generation.choice_index}, generation);
      }
    }
  }

  // Submits everything within `span`, and cancels part of it at any time.
  void start(SimulatedWorld& world, Scheduler& scheduler, Duration span, int64_t cancel_percent) {
    for (const auto& [choice, generation] : generations) {
      const Duration when = Duration(random_between(world.random(), 0, span.count()));
      world.at_after(when, [this, &scheduler, &generation, choice] {
        if (cancelled.contains(choice.first)) return;
        if (scheduler.submit(generation)) accepted.insert(choice);
      });
      if (choice.second > 0 || random_between(world.random(), 1, 100) > cancel_percent) continue;
      world.at_after(when + Duration(random_between(world.random(), 0, span.count())),
                     [this, &scheduler, choice] {
                       cancelled.insert(choice.first);
                       scheduler.cancel(choice.first);
                     });
    }
  }

  bool was_cancelled(const Choice& choice) const { return cancelled.contains(choice.first); }

  std::map<Choice, Generation> generations;
  std::set<Choice> accepted;
  std::set<RequestId> cancelled;
};

void expect_same(const Heard& heard, const Heard& alone, const Choice& choice) {
  EXPECT_EQ(heard.tokens, alone.tokens) << choice.first;
  EXPECT_EQ(heard.logprobs, alone.logprobs) << choice.first;
  EXPECT_EQ(heard.text, alone.text) << choice.first;
  ASSERT_EQ(heard.ends.size(), 1u) << choice.first;
  EXPECT_TRUE(heard.errors.empty()) << choice.first;
  EXPECT_EQ(heard.ends[0].reason, alone.ends[0].reason) << choice.first;
  EXPECT_EQ(heard.ends[0].stopped_at, alone.ends[0].stopped_at) << choice.first;
  EXPECT_EQ(heard.ends[0].completion_tokens, alone.ends[0].completion_tokens) << choice.first;
}

template <class T>
void expect_prefix(const std::vector<T>& part, const std::vector<T>& whole, const Choice& choice) {
  ASSERT_LE(part.size(), whole.size()) << choice.first;
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin())) << choice.first;
}

TEST(RingSimulation, EverythingAcceptedHasTheTokensItWouldHaveAlone) {
  Coverage coverage;
  for (uint64_t seed = 1; seed <= seed_count && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SimulatedWorld world(seed);
    RingShape shape = RingShape::random(world.random(), 5);
    if (seed % 8 == 0) shape.scheduler.queue_limit = 2;
    Client client;
    SimulatedRing ring(world, shape, client);
    Load load(world, random_between(world.random(), 1, 12));
    load.start(world, ring.scheduler, microseconds(random_between(world.random(), 1, 1'000'000)), 20);
    EXPECT_TRUE(world.run_for(hours(1))) << "everything comes to an end";

    for (const auto& [choice, generation] : load.generations) {
      const Heard& heard = client.heard_of[choice];
      if (!load.accepted.contains(choice)) {
        EXPECT_EQ(heard.end_count() + heard.tokens.size(), 0u);
        ++coverage.refused;
        continue;
      }
      const Heard alone = heard_alone(generation);
      if (load.was_cancelled(choice) && heard.end_count() == 0) {
        ++coverage.cancelled;
        expect_prefix(heard.tokens, alone.tokens, choice);
        continue;
      }
      ++coverage.finished;
      expect_same(heard, alone, choice);
    }
    coverage.preemptions += ring.scheduler.status().preemptions;
    ring.expect_nothing_leaked();
  }
  EXPECT_GT(coverage.preemptions, 100);
  EXPECT_GT(coverage.cancelled, 50);
  EXPECT_GT(coverage.refused, 10);
  EXPECT_GT(coverage.finished, 500);
}

TEST(RingSimulation, AFaultFailsEverythingInTimeAndAnotherRingGoesOnExactly) {
  Coverage coverage;
  for (uint64_t seed = 1; seed <= seed_count && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SimulatedWorld world(seed);
    const RingShape shape = RingShape::random(world.random(), 5);
    Client client;
    auto ring = std::make_unique<SimulatedRing>(world, shape, client);
    Load load(world, random_between(world.random(), 1, 12));
    const Duration span = microseconds(random_between(world.random(), 1, 1'000'000));
    load.start(world, ring->scheduler, span, 10);
    world.at_after(Duration(random_between(world.random(), 0, span.count() * 2)),
                   [&ring] { ring->break_somewhere(); });
    // The longest deadline of a step before any step was measured, and the time to notice that it has passed.
    const Duration deadline = seconds(10) + shape.row_limit * seconds(1) + seconds(1);
    EXPECT_TRUE(world.run_for(3 * span + deadline + seconds(60)));

    Load rest(world, 0);
    for (const auto& choice : load.accepted) {
      const Heard& heard = client.heard_of[choice];
      EXPECT_LE(heard.end_count(), 1u);
      if (load.was_cancelled(choice)) continue;
      EXPECT_EQ(heard.end_count(), 1u) << choice.first << " waits for ever";
      if (heard.errors.empty()) continue;
      ++coverage.failed;
      if (!heard.tokens.empty()) ++coverage.cut_short;
      EXPECT_FALSE(heard.errors[0].message.empty());
      Generation generation = load.generations.at(choice);
      generation.delivered = heard.tokens;
      rest.generations.emplace(choice, std::move(generation));
    }
    ring.reset();

    // The ingress continues with another ring: it keeps what it heard and does not show the error.
    for (const auto& [choice, generation] : rest.generations) client.heard_of[choice].errors.clear();
    SimulatedRing next(world, RingShape::random(world.random(), 4), client);
    rest.start(world, next.scheduler, span, 0);
    EXPECT_TRUE(world.run_for(hours(1)));
    EXPECT_EQ(rest.accepted.size(), rest.generations.size());
    for (const auto& [choice, generation] : rest.generations) {
      expect_same(client.heard_of[choice], heard_alone(load.generations.at(choice)), choice);
    }
    next.expect_nothing_leaked();
  }
  EXPECT_GT(coverage.failed, 200);
  EXPECT_GT(coverage.cut_short, 50);
}

TEST(RingSimulation, TheSameSeedIsTheSameRun) {
  const auto run = [](uint64_t seed) {
    SimulatedWorld world(seed);
    Client client;
    SimulatedRing ring(world, RingShape::random(world.random(), 5), client);
    Load load(world, 8);
    load.start(world, ring.scheduler, seconds(1), 20);
    world.run_for(hours(1));
    std::string log = fmt::format("{} steps, {} preemptions", ring.scheduler.status().steps,
                                  ring.scheduler.status().preemptions);
    for (const auto& [choice, heard] : client.heard_of)
      log += fmt::format("; {} {}", choice.first, heard.text);
    return log;
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5), run(6));
}

}  // namespace
}  // namespace shoal::simulation
