#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/retry_advice.h"
#include "simulated_cluster.h"

namespace shoal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Answers = std::vector<std::shared_ptr<Answer>>;

constexpr uint64_t seed_count = 100;

// The answer of one node alone; it depends on the prompt, not on the world's seed.
std::vector<TokenId> tokens_of_one_node(const ServiceRequest& request, uint32_t choice = 0) {
  SimulatedCluster alone({.seed = 1, .node_count = 1});
  alone.settle();
  const auto answer = alone.submit(0, request);
  EXPECT_TRUE(alone.run_until_ended({answer}, seconds(60)));
  EXPECT_TRUE(answer->succeeded()) << answer->error->message;
  return answer->tokens[choice];
}

void expect_one_end(const Answers& answers) {
  for (const auto& answer : answers) {
    EXPECT_EQ(answer->times_ended, 1);
    EXPECT_EQ(answer->calls_after_end, 0);
  }
}

std::string prompt_number(int64_t number) { return fmt::format("prompt number {}", number); }

const std::vector<std::vector<TokenId>>& expected_tokens() {
  static const std::vector<std::vector<TokenId>> expected = [] {
    std::vector<std::vector<TokenId>> all;
    for (int64_t i = 0; i < 8; ++i) all.push_back(tokens_of_one_node(simulated_request(prompt_number(i))));
    return all;
  }();
  return expected;
}

TEST(ServiceSimulation, ThePromptsOfTheseTestsHaveDifferentAnswers) {
  const std::set<std::vector<TokenId>> different(expected_tokens().begin(), expected_tokens().end());
  EXPECT_EQ(different.size(), expected_tokens().size());
  for (const std::vector<TokenId>& tokens : expected_tokens()) EXPECT_GE(tokens.size(), 2u);
}

TEST(ServiceSimulation, EveryRequestEndsOnceWithTheTokensOfOneNode) {
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed, .node_count = 1 + static_cast<int64_t>(seed % 5)});
    cluster.settle();
    Answers answers;
    for (int64_t i = 0; i < 8; ++i) {
      answers.push_back(cluster.ask(cluster.random_below(cluster.node_count()), prompt_number(i)));
      cluster.world().run_for(milliseconds(cluster.random_below(200)));
    }
    ASSERT_TRUE(cluster.run_until_ended(answers, seconds(60)));
    cluster.world().run_for(seconds(1));
    expect_one_end(answers);
    for (size_t i = 0; i < answers.size(); ++i) {
      ASSERT_TRUE(answers[i]->succeeded()) << answers[i]->error->message;
      EXPECT_EQ(answers[i]->tokens[0], expected_tokens()[i]);
    }
    EXPECT_EQ(cluster.heads("m").size(), 1u);
    EXPECT_EQ(cluster.shard_count(), cluster.node_count());
    EXPECT_EQ(static_cast<int64_t>(SimulatedEngine::living().size()), cluster.node_count());
    EXPECT_EQ(cluster.pages_in_use(), 0);
  }
}

TEST(ServiceSimulation, FirstRequestsAtOnceOnAllNodesEndWithOneInstance) {
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SCOPED_TRACE(seed);
    // The streams are slow and uneven, so that proposals overlap.
    SimulatedCluster cluster(
        {.seed = seed,
         .node_count = 2 + static_cast<int64_t>(seed % 4),
         .delays = {.least = std::chrono::microseconds(100), .most = milliseconds(1 + 20 * (seed % 7))}});
    cluster.settle();
    Answers answers;
    for (int64_t i = 0; i < cluster.node_count(); ++i) {
      answers.push_back(cluster.ask(i, prompt_number(i)));
      if (seed % 3 == 0) cluster.world().run_for(milliseconds(cluster.random_below(20)));
    }
    ASSERT_TRUE(cluster.run_until_ended(answers, seconds(60)));
    for (size_t i = 0; i < answers.size(); ++i) {
      ASSERT_TRUE(answers[i]->succeeded()) << answers[i]->error->message;
      EXPECT_EQ(answers[i]->tokens[0], expected_tokens()[i]);
    }
    cluster.world().run_for(seconds(2));
    EXPECT_EQ(cluster.heads("m").size(), 1u);
    EXPECT_EQ(static_cast<int64_t>(SimulatedEngine::living().size()), cluster.shard_count());
  }
}

TEST(ServiceSimulation, AKilledNodeEndsRequestsWithinTwoSecondsAndTheNextRequestWorks) {
  int64_t failed_requests = 0;
  for (uint64_t seed = 0; seed < 3 * seed_count; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed,
                              .node_count = 3 + static_cast<int64_t>(seed % 3),
                              .delays = {.most = milliseconds(1 + 10 * (seed % 4))}});
    cluster.settle();
    Answers answers;
    for (int64_t i = 0; i < 6; ++i) {
      answers.push_back(cluster.ask(cluster.random_below(cluster.node_count()), prompt_number(i)));
    }
    cluster.world().run_for(milliseconds(cluster.random_below(1500)));
    const int64_t victim = cluster.random_below(cluster.node_count());
    const auto death =
        seed % 2 == 0 ? SimulatedNetwork::Death::closes_sockets : SimulatedNetwork::Death::is_silent;
    const NodeId dead = cluster.node(victim).id;
    Answers begun;  // requests of which nothing was delivered are placed again
    for (const auto& answer : answers) {
      if (answer->node != dead && !answer->tokens.empty() && !answer->ended) begun.push_back(answer);
    }
    cluster.kill(victim, death);
    std::erase_if(answers, [&](const auto& answer) { return answer->node == dead; });
    EXPECT_TRUE(cluster.run_until_ended(begun, seconds(2)));
    ASSERT_TRUE(cluster.run_until_ended(answers, seconds(20)));
    expect_one_end(answers);
    for (const auto& answer : answers) {
      if (!answer->succeeded()) {
        ++failed_requests;
        // The ring's own deadline may notice the loss first.
        EXPECT_TRUE(answer->error->code == ErrorCode::unavailable ||
                    answer->error->code == ErrorCode::deadline_exceeded)
            << answer->error->message;
      }
    }
    // However the requests ended, the loss is known by now.
    cluster.world().run_for(seconds(2));
    Answers next;
    for (const int64_t index : cluster.living()) next.push_back(cluster.ask(index, prompt_number(index)));
    ASSERT_TRUE(cluster.run_until_ended(next, seconds(20)));
    for (const auto& answer : next) {
      ASSERT_TRUE(answer->succeeded()) << answer->error->message;
      EXPECT_EQ(answer->tokens[0], expected_tokens()[static_cast<size_t>(answer->node.back() - 'a')]);
    }
    cluster.world().run_for(seconds(6));
    EXPECT_EQ(cluster.heads("m").size(), 1u);
    for (const int64_t index : cluster.living()) {
      EXPECT_EQ(cluster.node(index).service->status().active_requests, 0);
    }
  }
  EXPECT_GT(failed_requests, 0) << "no kill ever hit a request";
}

// The loss is not known yet, so the request goes to the old ring, from which nothing comes back.
TEST(ServiceSimulation, ARequestJustAfterASilentLossIsAnsweredAllTheSame) {
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed, .node_count = 3 + static_cast<int64_t>(seed % 2)});
    cluster.settle();
    ASSERT_TRUE(cluster.run_until_ended({cluster.ask(0, prompt_number(0))}, seconds(60)));
    cluster.world().run_for(seconds(1));
    const int64_t victim = cluster.random_below(cluster.node_count());
    cluster.kill(victim, SimulatedNetwork::Death::is_silent);
    cluster.world().run_for(milliseconds(cluster.random_below(950)));
    Answers answers;
    for (const int64_t index : cluster.living()) answers.push_back(cluster.ask(index, prompt_number(index)));
    ASSERT_TRUE(cluster.run_until_ended(answers, seconds(20)));
    expect_one_end(answers);
    for (const auto& answer : answers) {
      ASSERT_TRUE(answer->succeeded()) << answer->error->message;
      EXPECT_EQ(answer->tokens[0], expected_tokens()[static_cast<size_t>(answer->node.back() - 'a')]);
    }
    EXPECT_EQ(cluster.heads("m").size(), 1u);
  }
}

// The request itself may be what the nodes die of.
TEST(ServiceSimulation, ARequestUnderWhichNodeAfterNodeIsLostFailsInTheEnd) {
  SimulatedCluster cluster(
      {.seed = 7, .node_count = 6, .delays = {.least = milliseconds(10), .most = milliseconds(20)}});
  cluster.settle();
  const auto answer = cluster.ask(5, prompt_number(1));
  int64_t killed = 0;
  while (!answer->ended && killed < 5) {
    const bool placed = cluster.world().run_until(
        [&] { return answer->ended.has_value() || !cluster.heads("m").empty(); }, seconds(20));
    ASSERT_TRUE(placed);
    if (answer->ended) break;
    const NodeId head = cluster.heads("m").front();
    if (head == cluster.node(5).id) break;  // the client's own node must stay
    cluster.world().run_for(milliseconds(100));
    cluster.kill(head.back() - 'a', SimulatedNetwork::Death::closes_sockets);
    ++killed;
  }
  ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(20)));
  expect_one_end({answer});
  EXPECT_LE(killed, 3);
}

// Sends what a hostile member of the cluster might say.
class HostileNode {
 public:
  explicit HostileNode(SimulatedCluster& cluster) : cluster_(cluster) {
    for (int64_t i = 0; i < cluster.node_count(); ++i) to(i).on_peer_joined(report());
    settle();
  }
  NodeReport report() const {
    NodeReport report = cluster_.node(0).service->own_report();
    report.node = NodeId("hostile");
    report.incarnation = 666;
    report.device.machine = std::string("its own");
    report.models.clear();
    report.shards.clear();
    return report;
  }
  template <class Message>
  void say(const Message& message) {
    for (int64_t i = 0; i < cluster_.node_count(); ++i) {
      if constexpr (std::is_constructible_v<RingMessage, Message>) {
        to(i).on_ring_message("hostile", message);
      } else {
        to(i).on_peer_message("hostile", message);
      }
    }
    settle();
  }
  Plan plan(Epoch epoch) const {
    return {.instance = "m", .epoch = std::move(epoch), .stages = {{"node-a", 0, 8}}, .context_length = 10};
  }

 private:
  PeerEvents& to(int64_t index) { return *cluster_.node(index).service; }
  void settle() { cluster_.world().run_for(milliseconds(2)); }
  SimulatedCluster& cluster_;
};

TEST(ServiceSimulation, NoEpochThatAHostileNodeNamesLocksAModel) {
  for (const uint64_t counter : {~uint64_t{0}, uint64_t{1} << 62, uint64_t{1'000'000}, uint64_t{900}}) {
    SCOPED_TRACE(counter);
    SimulatedCluster cluster({.seed = 5, .node_count = 3});
    cluster.settle();
    HostileNode hostile(cluster);
    const Epoch epoch{counter, "hostile"};
    const ModelDemand demand{.model = "m",
                             .layer_bytes = std::vector<int64_t>(8, 1),
                             .head_bytes = 1,
                             .kv_bytes_per_token_layer = 1,
                             .context_length = 10,
                             .scratch_bytes = 1};
    hostile.say(PreparePlan{.plan = hostile.plan(epoch), .demand = demand});
    hostile.say(PlanPrepared{.instance = "m", .epoch = epoch, .highest = epoch, .outcome = {}});
    Heartbeat heartbeat{.report = hostile.report(), .progress = {}};
    heartbeat.report.shards = {
        {.instance = "m",
         .epoch = epoch,
         .first_layer = 0,
         .end_layer = 8,
         .is_head = counter != 900,  // nodes that are believed to be heads get requests
         .is_loaded = true,
         .bytes_loaded = 1,
         .bytes_total = 1,
         .held_bytes = 1,
         .last_used_ms_ago = 1}};
    hostile.say(heartbeat);
    hostile.say(ReleasePlan{.instance = "m", .epoch = epoch, .reason = {}});
    Answers answers;
    for (int64_t i = 0; i < 3; ++i) answers.push_back(cluster.ask(i, prompt_number(i)));
    ASSERT_TRUE(cluster.run_until_ended(answers, seconds(30)));
    for (size_t i = 0; i < answers.size(); ++i) {
      ASSERT_TRUE(answers[i]->succeeded()) << answers[i]->error->message;
      EXPECT_EQ(answers[i]->tokens[0], expected_tokens()[i]);
    }
  }
}

TEST(ServiceSimulation, WhatANodeWithoutAPartInThePlanSaysChangesNoAnswer) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster(
        {.seed = seed, .node_count = 3, .delays = {.least = milliseconds(10), .most = milliseconds(20)}});
    cluster.settle();
    Answers answers;
    for (int64_t i = 0; i < 3; ++i) answers.push_back(cluster.ask(i, prompt_number(i)));
    ASSERT_TRUE(cluster.world().run_until([&] { return answers[0]->accepted; }, seconds(20)));
    HostileNode hostile(cluster);
    Epoch epoch;
    for (const ShardReport& shard : cluster.node(0).service->own_report().shards) epoch = shard.epoch;
    ASSERT_GT(epoch.counter, 0u);
    const Error lie{ErrorCode::internal, "a lie"};
    hostile.say(ShardLoaded{.instance = "m", .epoch = epoch, .outcome = fail(lie)});
    hostile.say(ReleasePlan{.instance = "m", .epoch = epoch, .reason = lie});
    hostile.say(ReleasePlan{.instance = "m", .epoch = {epoch.counter + 5, "hostile"}, .reason = lie});
    hostile.say(PlanPrepared{.instance = "m", .epoch = epoch, .highest = epoch, .outcome = fail(lie)});
    hostile.say(StepFailure{.instance = "m", .epoch = epoch, .number = 1, .node = "hostile", .error = lie});
    hostile.say(StepFailure{.instance = "m", .epoch = epoch, .number = 1, .node = "node-b", .error = lie});
    for (uint64_t number : {uint64_t{0}, uint64_t{1}, uint64_t{999}}) {
      StepMessage step{.instance = "m",
                       .epoch = epoch,
                       .number = number,
                       .batch = {},
                       .result_rows = {},
                       .hidden = {},
                       .timings = {}};
      hostile.say(step);
      hostile.say(StepResult{.instance = "m", .epoch = epoch, .number = number, .hidden = {}, .timings = {}});
    }
    Heartbeat heartbeat{.report = hostile.report(), .progress = {}};
    heartbeat.report.device.free_bytes = int64_t{1} << 59;
    hostile.say(heartbeat);
    EXPECT_EQ(cluster.node(0).service->cluster().nodes.size(), 3u) << "the hostile one is not heard any more";
    ASSERT_TRUE(cluster.run_until_ended(answers, seconds(20)));
    for (size_t i = 0; i < answers.size(); ++i) {
      ASSERT_TRUE(answers[i]->succeeded()) << answers[i]->error->message;
      EXPECT_EQ(answers[i]->tokens[0], expected_tokens()[i]);
    }
  }
}

// One survivor knows of the loss before the other, and refuses a plan that contains the lost node.
TEST(ServiceSimulation, AfterALossEveryNodeThatRemainsHoldsLayersAgain) {
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed, .node_count = 3});
    cluster.settle();
    const int64_t victim = static_cast<int64_t>(seed % 2) + 1;
    ASSERT_TRUE(cluster.run_until_ended({cluster.ask(0, prompt_number(0))}, seconds(60)));
    cluster.network().cut(cluster.node(0).id, cluster.node(victim).id);
    cluster.kill(victim, SimulatedNetwork::Death::closes_sockets);
    cluster.world().run_for(milliseconds(20));
    auto answer = cluster.ask(0, prompt_number(1));
    cluster.world().run_for(milliseconds(200 + cluster.random_below(600)));
    cluster.network().heal();
    for (int64_t attempt = 0; attempt < 3; ++attempt) {
      ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(60)));
      if (answer->succeeded()) break;
      answer = cluster.ask(0, prompt_number(1));
    }
    EXPECT_TRUE(answer->succeeded());
    cluster.world().run_for(seconds(2));
    EXPECT_EQ(cluster.shard_count(), 2);
  }
}

TEST(ServiceSimulation, ACutNetworkHeals) {
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed, .node_count = 4});
    cluster.settle();
    Answers answers;
    for (int64_t i = 0; i < 4; ++i) answers.push_back(cluster.ask(i, prompt_number(i)));
    cluster.world().run_for(milliseconds(cluster.random_below(1500)));
    // Cuts a random set of pairs, so that some nodes see what others do not.
    for (int64_t a = 0; a < 4; ++a) {
      for (int64_t b = 0; b < a; ++b) {
        if (cluster.random_below(2) == 0) cluster.network().cut(cluster.node(a).id, cluster.node(b).id);
      }
    }
    for (int64_t i = 0; i < 4; ++i) {
      answers.push_back(cluster.ask(i, prompt_number(i)));
      cluster.world().run_for(milliseconds(cluster.random_below(1500)));
    }
    cluster.network().heal();
    ASSERT_TRUE(cluster.run_until_ended(answers, seconds(90)));
    expect_one_end(answers);
    cluster.world().run_for(seconds(10));
    cluster.settle();
    Answers next;
    for (int64_t i = 0; i < 4; ++i) next.push_back(cluster.ask(i, prompt_number(i)));
    ASSERT_TRUE(cluster.run_until_ended(next, seconds(20)));
    for (size_t i = 0; i < next.size(); ++i) {
      ASSERT_TRUE(next[i]->succeeded()) << next[i]->error->message;
      EXPECT_EQ(next[i]->tokens[0], expected_tokens()[i]);
    }
    cluster.world().run_for(seconds(2));
    EXPECT_EQ(cluster.heads("m").size(), 1u);
    EXPECT_EQ(static_cast<int64_t>(SimulatedEngine::living().size()), cluster.shard_count());
    EXPECT_EQ(cluster.pages_in_use(), 0);
  }
}

TEST(ServiceSimulation, ClientsThatGoAwayLeaveNothingBehind) {
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed, .node_count = 3});
    cluster.settle();
    Answers answers;
    for (int64_t i = 0; i < 8; ++i) {
      ServiceRequest request = simulated_request(prompt_number(i));
      request.request = fmt::format("cancelled-{}", i);
      const int64_t node = cluster.random_below(3);
      const auto answer = cluster.submit(node, request);
      cluster.world().at_after(milliseconds(cluster.random_below(900)), [&cluster, node, request] {
        cluster.node(node).service->cancel(request.request);
      });
      answers.push_back(answer);
    }
    cluster.world().run_for(seconds(10));
    for (const auto& answer : answers) EXPECT_LE(answer->times_ended, 1);
    for (int64_t i = 0; i < 3; ++i) EXPECT_EQ(cluster.node(i).service->status().active_requests, 0);
    EXPECT_EQ(cluster.pages_in_use(), 0);
    const auto last = cluster.ask(0, prompt_number(0));
    ASSERT_TRUE(cluster.run_until_ended({last}, seconds(20)));
    EXPECT_EQ(last->tokens[0], expected_tokens()[0]);
  }
}

TEST(ServiceSimulation, TheIdleModelIsUnloadedWhenAnotherNeedsItsMemory) {
  const SimulatedModel big{.layer_count = 8, .layer_bytes = 1000};
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SCOPED_TRACE(seed);
    // Each of the three models takes about 10 kB and two nodes have 12 kB each, so two models fit at a time.
    SimulatedCluster cluster({.seed = seed,
                              .node_count = 2,
                              .models = {{"m", big}, {"n", big}, {"o", big}},
                              .node_memory = 12'000});
    cluster.settle();
    for (const char* model : {"m", "n", "o", "m", "n", "o"}) {
      const auto answer = cluster.ask(cluster.random_below(2), prompt_number(1), model);
      ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(30)));
      ASSERT_TRUE(answer->succeeded()) << model << ": " << answer->error->message;
      EXPECT_EQ(answer->tokens[0], expected_tokens()[1]);
      cluster.world().run_for(milliseconds(300));
      EXPECT_EQ(cluster.heads(model).size(), 1u);
    }
    // The least recently used model was unloaded, the other one kept.
    EXPECT_TRUE(cluster.heads("m").empty());
    EXPECT_EQ(cluster.heads("n").size(), 1u);
    EXPECT_EQ(static_cast<int64_t>(SimulatedEngine::living().size()), cluster.shard_count());
  }
}

TEST(ServiceSimulation, ABusyModelIsNotUnloadedForAnother) {
  const SimulatedModel big{.layer_count = 8, .layer_bytes = 1000};
  SimulatedCluster cluster({.seed = 5,
                            .node_count = 2,
                            .delays = {.least = milliseconds(40), .most = milliseconds(60)},
                            .models = {{"m", big}, {"n", big}},
                            .node_memory = 8'000});
  cluster.settle();
  const auto first = cluster.ask(0, prompt_number(1), "m");
  ASSERT_TRUE(cluster.world().run_until([&] { return first->tokens[0].size() > 1; }, seconds(30)));
  const auto second = cluster.ask(1, prompt_number(1), "n");
  ASSERT_TRUE(cluster.run_until_ended({second}, seconds(5)));
  ASSERT_TRUE(second->error.has_value());
  EXPECT_EQ(second->error->code, ErrorCode::resource_exhausted);
  EXPECT_NE(second->error->message.find("would fit without m"), std::string::npos) << second->error->message;
  ASSERT_TRUE(cluster.run_until_ended({first}, seconds(30)));
  EXPECT_EQ(first->tokens[0], expected_tokens()[1]);
  const auto third = cluster.ask(1, prompt_number(1), "n");
  ASSERT_TRUE(cluster.run_until_ended({third}, seconds(30)));
  EXPECT_TRUE(third->succeeded()) << third->error->message;
}

TEST(ServiceSimulation, AModelThatDoesNotFitIsRefusedBeforeAnythingIsLoaded) {
  SimulatedCluster cluster({.seed = 3, .node_count = 3, .node_memory = 2'000});
  cluster.settle();
  const auto answer = cluster.ask(1, "anything");
  ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(2)));
  ASSERT_TRUE(answer->error.has_value());
  EXPECT_EQ(answer->error->code, ErrorCode::resource_exhausted);
  for (const char* part : {"node-a", "node-b", "node-c", "need", "room"}) {
    EXPECT_NE(answer->error->message.find(part), std::string::npos) << answer->error->message;
  }
  for (int64_t i = 0; i < 3; ++i) EXPECT_EQ(cluster.node(i).engines->loads_begun(), 0);
}

TEST(ServiceSimulation, WhereMemoryIsShortAContextThatNobodyAskedForIsCut) {
  // All layers and the head take 8500 bytes and scratch 20; KV takes 768 bytes for 96 tokens, 192 for 24.
  const std::string prompt(30, 'x');
  for (const int64_t least : {0, 24}) {
    SimulatedCluster cluster({.seed = 3,
                              .node_count = 1,
                              .models = {{"m", {.least_context_length = least}}},
                              .node_memory = 8'800});
    cluster.settle();
    const auto answer = cluster.ask(0, prompt);
    ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(20)));
    ASSERT_TRUE(answer->error.has_value());
    EXPECT_EQ(answer->error->code, least == 0 ? ErrorCode::resource_exhausted : ErrorCode::invalid_argument)
        << answer->error->message;
    const auto shorter = cluster.ask(0, "short");
    ASSERT_TRUE(cluster.run_until_ended({shorter}, seconds(20)));
    EXPECT_EQ(shorter->succeeded(), least != 0);
  }
}

TEST(ServiceSimulation, AnIngressThatFallsSilentLosesItsSequencesAfterFiveSeconds) {
  // Node c holds no layer, so only its clients depend on it.
  const ManualPartition without_c{{{"node-a", 0, 4}, {"node-b", 4, 8}}};
  SimulatedCluster cluster({.seed = 12,
                            .node_count = 3,
                            .delays = {.least = milliseconds(100), .most = milliseconds(110)},
                            .partitioning = without_c});
  cluster.settle();
  ServiceRequest request = simulated_request("x");
  request.settings.max_tokens = 80;
  request.settings.ignore_end_tokens = true;
  const auto answer = cluster.submit(2, request);
  ASSERT_TRUE(cluster.world().run_until([&] { return answer->accepted; }, seconds(20)));
  cluster.kill(2, SimulatedNetwork::Death::is_silent);
  const auto active = [&] { return cluster.node(0).service->status().scheduler->active; };
  cluster.world().run_for(seconds(4));
  EXPECT_EQ(active(), 1);
  cluster.world().run_for(seconds(2));
  EXPECT_EQ(active(), 0);
  EXPECT_EQ(cluster.pages_in_use(), 0);
  EXPECT_EQ(cluster.heads("m").size(), 1u);
}

TEST(ServiceSimulation, AnEngineThatHangsEndsItsRequestsAndTheNextOneWorks) {
  for (uint64_t seed = 0; seed < seed_count / 2; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster(
        {.seed = seed, .node_count = 3, .delays = {.least = milliseconds(10), .most = milliseconds(20)}});
    cluster.settle();
    const auto answer = cluster.ask(static_cast<int64_t>(seed % 3), prompt_number(1));
    ASSERT_TRUE(cluster.world().run_until([&] { return !answer->tokens[0].empty(); }, seconds(20)));
    const TimePoint hung = cluster.world().now();
    cluster.hang_engine(cluster.random_below(3));
    ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(10)));
    expect_one_end({answer});
    EXPECT_LE(*answer->ended - hung, seconds(7));
    if (!answer->succeeded()) {
      EXPECT_EQ(answer->error->code, ErrorCode::deadline_exceeded) << answer->error->message;
    }
    const auto next = cluster.ask(0, prompt_number(2));
    ASSERT_TRUE(cluster.run_until_ended({next}, seconds(20)));
    // When the answer's steps were all done, only the next request finds the ring dead.
    if (answer->succeeded() && !next->succeeded()) continue;
    ASSERT_TRUE(next->succeeded()) << next->error->message;
    EXPECT_EQ(next->tokens[0], expected_tokens()[2]);
  }
}

TEST(ServiceSimulation, AnUnknownModelIsNotFoundAndTheKnownOnesAreNamed) {
  SimulatedCluster cluster({.seed = 3, .node_count = 2, .models = {{"alpha", {}}, {"beta", {}}}});
  cluster.settle();
  const auto answer = cluster.ask(0, "anything", "gamma");
  ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(2)));
  ASSERT_TRUE(answer->error.has_value());
  EXPECT_EQ(answer->error->code, ErrorCode::not_found);
  for (const char* part : {"gamma", "alpha", "beta"}) {
    EXPECT_NE(answer->error->message.find(part), std::string::npos) << answer->error->message;
  }
  // A model that was added a moment ago is found at once.
  cluster.node(0).engines->add_model("gamma", SimulatedModel{});
  const auto second = cluster.ask(0, "anything", "gamma");
  ASSERT_TRUE(cluster.run_until_ended({second}, seconds(20)));
  EXPECT_TRUE(second->succeeded()) << second->error->message;
}

TEST(ServiceSimulation, ALoadThatFailsIsToldToTheClientAndHoldsNothing) {
  SimulatedCluster cluster({.seed = 4, .node_count = 3, .models = {{"m", {.load_fails = true}}}});
  cluster.settle();
  const auto answer = cluster.ask(2, "anything");
  ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(20)));
  ASSERT_TRUE(answer->error.has_value());
  EXPECT_EQ(answer->error->code, ErrorCode::corrupt_data);
  EXPECT_NE(answer->error->message.find("layer 3 is torn"), std::string::npos) << answer->error->message;
  cluster.world().run_for(seconds(2));
  EXPECT_EQ(cluster.shard_count(), 0);
}

TEST(ServiceSimulation, ALoadThatStandsStillEndsAtItsDeadline) {
  SimulatedCluster cluster({.seed = 4, .node_count = 3});
  cluster.settle();
  cluster.node(1).engines->hang();
  const auto answer = cluster.ask(0, "anything");
  ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(60)));
  ASSERT_TRUE(answer->error.has_value());
  EXPECT_EQ(answer->error->code, ErrorCode::deadline_exceeded);
  EXPECT_GE(answer->loading_reports, 1);
  cluster.world().run_for(seconds(2));
  EXPECT_EQ(cluster.shard_count(), 0);
  EXPECT_TRUE(SimulatedEngine::living().empty());
}

constexpr SimulatedModel fine_tune{.content = 7};  // the same shapes with other weights

std::vector<TokenId> tokens_of_fine_tune(int64_t prompt) {
  SimulatedCluster alone({.seed = 1, .node_count = 1, .models = {{"m", fine_tune}}});
  alone.settle();
  const auto answer = alone.ask(0, prompt_number(prompt));
  EXPECT_TRUE(alone.run_until_ended({answer}, seconds(60)));
  return answer->tokens[0];
}

TEST(ServiceSimulation, ANodeWithOtherFilesIsLeftOutAndEveryNodeSaysSo) {
  ASSERT_NE(tokens_of_fine_tune(0), expected_tokens()[0]);
  for (uint64_t seed = 0; seed < seed_count / 2; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed, .node_count = 3});
    cluster.settle();
    cluster.node(2).engines->add_model("m", fine_tune);
    cluster.world().run_for(seconds(12));  // until the node has looked at its disk
    Answers answers = {cluster.ask(0, prompt_number(0))};
    ASSERT_TRUE(cluster.run_until_ended(answers, seconds(60)));
    answers.push_back(cluster.ask(2, prompt_number(1)));
    ASSERT_TRUE(cluster.run_until_ended(answers, seconds(60)));
    for (size_t i = 0; i < answers.size(); ++i) {
      ASSERT_TRUE(answers[i]->succeeded()) << answers[i]->error->message;
      EXPECT_EQ(answers[i]->tokens[0], expected_tokens()[i]);
    }
    cluster.world().run_for(seconds(1));
    EXPECT_EQ(cluster.shard_count(), 2);
    EXPECT_TRUE(cluster.node(2).service->own_report().shards.empty());
    for (int64_t i = 0; i < 3; ++i) {
      const std::vector<std::string> warnings = cluster.node(i).service->cluster().warnings;
      ASSERT_EQ(warnings.size(), 1u);
      EXPECT_NE(warnings[0].find("node node-c has other files of m than node node-"), std::string::npos);
      EXPECT_NE(warnings[0].find("the weights are others of the same size"), std::string::npos);
    }
  }
}

TEST(ServiceSimulation, TheFilesOfTheNodeThatIsAskedCount) {
  SimulatedCluster cluster({.seed = 11, .node_count = 3});
  cluster.settle();
  cluster.node(2).engines->add_model("m", fine_tune);
  cluster.world().run_for(seconds(12));
  const auto answer = cluster.ask(2, prompt_number(0));
  ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(60)));
  ASSERT_TRUE(answer->succeeded()) << answer->error->message;
  EXPECT_EQ(answer->tokens[0], tokens_of_fine_tune(0));
  EXPECT_EQ(cluster.heads("m"), std::vector<NodeId>{"node-c"});
  EXPECT_EQ(cluster.shard_count(), 1);
}

// No node has heard of the new files yet: the load notices them, and the request is placed again.
TEST(ServiceSimulation, FilesReplacedJustBeforeALoadAreNotMixedIn) {
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed, .node_count = 2 + static_cast<int64_t>(seed % 3)});
    cluster.settle();
    cluster.node(1).engines->add_model("m", fine_tune);
    const auto answer = cluster.ask(0, prompt_number(0));
    ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(60)));
    ASSERT_TRUE(answer->succeeded()) << answer->error->message;
    EXPECT_EQ(answer->tokens[0], expected_tokens()[0]);
    cluster.world().run_for(seconds(1));
    EXPECT_EQ(cluster.shard_count(), cluster.node_count() - 1);
  }
}

TEST(ServiceSimulation, FilesReplacedJustBeforeTheirNodeIsAskedCount) {
  for (uint64_t seed = 0; seed < seed_count / 2; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed, .node_count = 3});
    cluster.settle();
    cluster.node(0).engines->add_model("m", fine_tune);
    const auto answer = cluster.ask(0, prompt_number(0));
    ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(60)));
    ASSERT_TRUE(answer->succeeded()) << answer->error->message;
    EXPECT_EQ(answer->tokens[0], tokens_of_fine_tune(0));
  }
}

TEST(ServiceSimulation, FilesReplacedWhileAModelIsLoadedAreTakenWhenItIsIdle) {
  SimulatedCluster cluster({.seed = 12, .node_count = 2});
  cluster.settle();
  const auto before = cluster.ask(0, prompt_number(0));
  ASSERT_TRUE(cluster.run_until_ended({before}, seconds(60)));
  EXPECT_EQ(before->tokens[0], expected_tokens()[0]);
  for (int64_t i = 0; i < 2; ++i) cluster.node(i).engines->add_model("m", fine_tune);
  cluster.world().run_for(seconds(12));
  const auto after = cluster.ask(1, prompt_number(0));
  ASSERT_TRUE(cluster.run_until_ended({after}, seconds(60)));
  ASSERT_TRUE(after->succeeded()) << after->error->message;
  EXPECT_EQ(after->tokens[0], tokens_of_fine_tune(0));
  cluster.world().run_for(seconds(1));
  EXPECT_EQ(cluster.shard_count(), 2);
}

TEST(ServiceSimulation, UnloadingGivesTheMemoryOfEveryNodeBack) {
  SimulatedCluster cluster({.seed = 6, .node_count = 3});
  cluster.settle();
  const auto answer = cluster.ask(0, prompt_number(0));
  ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(20)));
  std::optional<Result<void>> unloaded, again;
  cluster.node(2).service->unload("m", [&](Result<void> outcome) { unloaded = std::move(outcome); });
  ASSERT_TRUE(cluster.world().run_until([&] { return unloaded.has_value(); }, seconds(5)));
  EXPECT_TRUE(unloaded->has_value());
  cluster.world().run_for(seconds(1));
  EXPECT_EQ(cluster.shard_count(), 0);
  EXPECT_TRUE(SimulatedEngine::living().empty());
  cluster.node(2).service->unload("m", [&](Result<void> outcome) { again = std::move(outcome); });
  ASSERT_TRUE(cluster.world().run_until([&] { return again.has_value(); }, seconds(5)));
  EXPECT_EQ(again->error().code, ErrorCode::not_found);
}

TEST(ServiceSimulation, ANodeThatLeavesInOrderFailsItsRequestsAndHoldsNothing) {
  for (uint64_t seed = 0; seed < seed_count / 2; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed, .node_count = 3});
    cluster.settle();
    Answers answers;
    for (int64_t i = 0; i < 3; ++i) answers.push_back(cluster.ask(i, prompt_number(i)));
    cluster.world().run_for(milliseconds(cluster.random_below(1200)));
    bool left = false;
    cluster.node(0).service->leave([&] { left = true; });
    ASSERT_TRUE(cluster.world().run_until([&] { return left; }, seconds(5)));
    EXPECT_TRUE(cluster.node(0).service->own_report().shards.empty());
    cluster.kill(0, SimulatedNetwork::Death::closes_sockets);
    cluster.settle();
    ASSERT_TRUE(cluster.run_until_ended(answers, seconds(20)));
    expect_one_end(answers);
    const auto next = cluster.ask(1, prompt_number(1));
    ASSERT_TRUE(cluster.run_until_ended({next}, seconds(20)));
    ASSERT_TRUE(next->succeeded()) << next->error->message;
    EXPECT_EQ(next->tokens[0], expected_tokens()[1]);
  }
}

// This holds whether the node is head, stage or ingress.
TEST(ServiceSimulation, ANodeThatIsToStopFinishesItsAnswersAndTakesNoNewOnes) {
  uint64_t with_part = 0;
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed, .node_count = 2 + static_cast<int64_t>(seed % 3)});
    cluster.settle();
    Answers answers;
    std::vector<int64_t> ingresses;
    for (int64_t i = 0; i < 4; ++i) {
      ingresses.push_back(cluster.random_below(cluster.node_count()));
      answers.push_back(cluster.ask(ingresses.back(), prompt_number(i)));
    }
    ASSERT_TRUE(cluster.world().run_until([&] { return answers[3]->tokens.size() > 0; }, seconds(20)));
    const int64_t leaving = cluster.random_below(cluster.node_count());
    Service& service = *cluster.node(leaving).service;
    // The node takes part in its clients' answers and, if there is only one instance, in all that have begun.
    // Requests that have not begun may be placed without it.
    std::set<Epoch> epochs;
    for (int64_t node = 0; node < cluster.node_count(); ++node) {
      for (const ShardReport& shard : cluster.node(node).service->cluster().nodes[0].shards)
        epochs.insert(shard.epoch);
    }
    const bool holds_layers = epochs.size() == 1 && !service.cluster().nodes[0].shards.empty();
    std::vector<bool> has_part;
    for (size_t i = 0; i < answers.size(); ++i) {
      has_part.push_back(ingresses[i] == leaving || (holds_layers && answers[i]->accepted));
      with_part += has_part[i] ? 1 : 0;
    }
    std::optional<TimePoint> drained, left;
    service.drain(seconds(20), [&] {
      drained = cluster.world().now();
      service.leave([&] { left = cluster.world().now(); });
    });
    cluster.world().run_for(milliseconds(1));
    const auto refused = cluster.ask(leaving, prompt_number(5));
    const auto elsewhere = cluster.ask((leaving + 1) % cluster.node_count(), prompt_number(6));
    ASSERT_TRUE(cluster.world().run_until([&] { return left.has_value(); }, seconds(60)));
    ASSERT_TRUE(cluster.run_until_ended(answers, seconds(60)));
    for (size_t i = 0; i < answers.size(); ++i) {
      ASSERT_TRUE(answers[i]->succeeded()) << answers[i]->error->message;
      EXPECT_EQ(answers[i]->tokens[0], expected_tokens()[i]);
      if (has_part[i]) {  // the head's last word may still be on its way to the ingress
        EXPECT_LE(*answers[i]->ended, *drained + SimulatedNetwork::Delays{}.most);
      }
    }
    ASSERT_TRUE(refused->error.has_value());
    EXPECT_EQ(refused->error->code, ErrorCode::unavailable);
    ASSERT_TRUE(cluster.run_until_ended({elsewhere}, seconds(60)));
    expect_one_end(answers);
  }
  EXPECT_GT(with_part, seed_count);
}

// The head's last report, from before it began to answer, said that it does not need the stage.
TEST(ServiceSimulation, AStageThatIsToStopWaitsForWhatItsHeadHasOnlyJustBegun) {
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedCluster cluster({.seed = seed, .node_count = 2});
    cluster.settle();
    ASSERT_TRUE(cluster.run_until_ended({cluster.ask(0, prompt_number(0))}, seconds(20)));
    cluster.world().run_for(seconds(2));
    const int64_t stage = cluster.node(0).service->cluster().nodes[0].shards.at(0).is_head ? 1 : 0;
    const auto answer = cluster.ask(1 - stage, prompt_number(1));
    ASSERT_TRUE(cluster.world().run_until([&] { return answer->tokens.size() > 0; }, seconds(20)));
    std::optional<TimePoint> drained;
    Service& service = *cluster.node(stage).service;
    service.drain(seconds(20), [&] {
      drained = cluster.world().now();
      service.leave([] {});
    });
    ASSERT_TRUE(cluster.world().run_until([&] { return drained.has_value(); }, seconds(30)));
    ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(20)));
    ASSERT_TRUE(answer->succeeded()) << answer->error->message;
    EXPECT_LE(*answer->ended, *drained);
  }
}

TEST(ServiceSimulation, ANodeThatIsToStopDoesNotWaitForAnswersLongerThanItsPatience) {
  SimulatedCluster cluster({.seed = 12, .node_count = 2});
  cluster.settle();
  const auto answer = cluster.ask(0, prompt_number(0));
  ASSERT_TRUE(cluster.world().run_until([&] { return answer->accepted; }, seconds(20)));
  cluster.hang_engine(0);
  const TimePoint asked = cluster.world().now();
  std::optional<TimePoint> drained;
  cluster.node(0).service->drain(milliseconds(300), [&] { drained = cluster.world().now(); });
  ASSERT_TRUE(cluster.world().run_until([&] { return drained.has_value(); }, seconds(5)));
  EXPECT_LE(*drained - asked, milliseconds(600));
}

TEST(ServiceSimulation, AnIdleNodeThatIsToStopDoesNotWait) {
  SimulatedCluster cluster({.seed = 13, .node_count = 2});
  cluster.settle();
  std::optional<TimePoint> drained;
  const TimePoint asked = cluster.world().now();
  cluster.node(1).service->drain(seconds(5), [&] { drained = cluster.world().now(); });
  ASSERT_TRUE(cluster.world().run_until([&] { return drained.has_value(); }, seconds(5)));
  EXPECT_LE(*drained - asked, milliseconds(10));
}

TEST(ServiceSimulation, MoreRequestsThanTheLimitAreRefusedAndTheOthersAnswered) {
  SimulatedCluster cluster({.seed = 8, .node_count = 2, .request_limit = 4});
  cluster.settle();
  Answers answers;
  for (int64_t i = 0; i < 6; ++i) answers.push_back(cluster.ask(0, prompt_number(i)));
  ASSERT_TRUE(cluster.run_until_ended(answers, seconds(30)));
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(answers[i]->succeeded(), i < 4);
    if (i < 4) continue;
    EXPECT_EQ(answers[i]->error->code, ErrorCode::resource_exhausted);
    EXPECT_TRUE(find_retry_advice(answers[i]->error->message)) << answers[i]->error->message;
  }
}

TEST(ServiceSimulation, APromptLongerThanTheContextIsRefusedWithBothNumbers) {
  SimulatedCluster cluster({.seed = 9, .node_count = 2});
  cluster.settle();
  const auto answer = cluster.ask(1, std::string(200, 'x'));
  ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(20)));
  ASSERT_TRUE(answer->error.has_value());
  EXPECT_EQ(answer->error->code, ErrorCode::invalid_argument);
  EXPECT_NE(answer->error->message.find("200"), std::string::npos) << answer->error->message;
  EXPECT_NE(answer->error->message.find("96"), std::string::npos) << answer->error->message;
}

TEST(ServiceSimulation, EachChoiceOfARequestIsDeliveredAsOneNodeWouldSayIt) {
  ServiceRequest request = simulated_request(prompt_number(3));
  request.settings.choice_count = 3;
  request.settings.sampling.temperature = 1.0;
  SimulatedCluster cluster({.seed = 10, .node_count = 4});
  cluster.settle();
  const auto answer = cluster.submit(3, request);
  ASSERT_TRUE(cluster.run_until_ended({answer}, seconds(30)));
  ASSERT_TRUE(answer->succeeded()) << answer->error->message;
  for (uint32_t choice = 0; choice < 3; ++choice) {
    EXPECT_EQ(answer->tokens[choice], tokens_of_one_node(request, choice));
  }
  EXPECT_NE(answer->tokens[0], answer->tokens[1]);
}

TEST(ServiceSimulation, ANodeOfAnotherVersionOrWithTheSameIdDoesNotJoin) {
  SimulatedCluster cluster({.seed = 11, .node_count = 1});
  NodeReport report = cluster.node(0).service->own_report();
  report.incarnation += 1;
  cluster.node(0).service->on_peer_joined(report);
  report.node = "stranger";
  report.version = "2";
  cluster.node(0).service->on_peer_joined(report);
  cluster.world().run_for(seconds(1));
  EXPECT_EQ(cluster.node(0).service->cluster().nodes.size(), 1u);
}

}  // namespace
}  // namespace shoal
