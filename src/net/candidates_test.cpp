#include "net/candidates.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace shoal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

PeerCandidate candidate(NodeId node, std::string address, int32_t priority = 0) {
  return {.node = std::move(node),
          .address = std::move(address),
          .port = 50051,
          .description = "test",
          .declared = {},
          .priority = priority};
}

class CandidatesTest : public testing::Test {
 protected:
  std::vector<std::string> due() {
    std::vector<std::string> addresses;
    for (const PeerCandidate& taken : candidates_.take_due(now_)) addresses.push_back(taken.address);
    return addresses;
  }

  void fail_to(const NodeId& node) { candidates_.failed(node, refused, now_); }

  const Error refused{ErrorCode::unavailable, "Connection refused"};
  using Addresses = std::vector<std::string>;
  Candidates candidates_{{}, 1};
  TimePoint now_{seconds(1000)};
};

TEST_F(CandidatesTest, ANodeIsDialledOnceAtItsBestAddress) {
  candidates_.see(candidate("a", "100.64.0.1", 1), now_);
  candidates_.see(candidate("a", "192.168.0.1", 4), now_);
  candidates_.see(candidate("a", "172.17.0.1", 0), now_);
  EXPECT_EQ(due(), Addresses{"192.168.0.1"});
  candidates_.see(candidate("a", "127.0.0.1", 6), now_);
  EXPECT_EQ(due(), Addresses{}) << "it is being dialled";
  candidates_.joined("a", now_);
  EXPECT_EQ(due(), Addresses{}) << "it is connected";
}

TEST_F(CandidatesTest, OfEqualPrioritiesTheNearerKindOfAddressIsTaken) {
  candidates_.see(candidate("a", "8.8.8.8"), now_);
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  candidates_.see(candidate("a", "169.254.0.1"), now_);
  EXPECT_EQ(due(), Addresses{"10.0.0.1"});
}

TEST_F(CandidatesTest, AnAddressThatFailsGivesWayToTheNextAtOnce) {
  candidates_.see(candidate("a", "10.0.0.1", 4), now_);
  candidates_.see(candidate("a", "10.0.0.2", 3), now_);
  EXPECT_EQ(due(), Addresses{"10.0.0.1"});
  fail_to("a");
  EXPECT_EQ(due(), Addresses{"10.0.0.2"});
  fail_to("a");
  EXPECT_EQ(due(), Addresses{}) << "now both have failed";
  now_ += milliseconds(200);
  EXPECT_EQ(due(), Addresses{"10.0.0.1"});
}

TEST_F(CandidatesTest, RetriesSlowDownToALimit) {
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  Duration longest{};
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(due().size(), 1u);
    fail_to("a");
    const auto next = candidates_.next_due();
    ASSERT_TRUE(next);
    EXPECT_GE(*next - now_, milliseconds(150));
    EXPECT_LE(*next - now_, seconds(10));
    longest = std::max(longest, *next - now_);
    now_ = *next - milliseconds(1);
    EXPECT_TRUE(due().empty());
    now_ += milliseconds(1);
    candidates_.see(candidate("a", "10.0.0.1"), now_);
  }
  EXPECT_GE(longest, milliseconds(7500));
}

TEST_F(CandidatesTest, AnAddressNotSeenForLongIsForgotten) {
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  now_ += seconds(31);
  EXPECT_EQ(due(), Addresses{});
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  EXPECT_EQ(due(), Addresses{"10.0.0.1"});
}

TEST_F(CandidatesTest, ALostNodeIsDialledAgainSoonAndOneThatFlapsLater) {
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  due();
  candidates_.joined("a", now_);
  now_ += seconds(60);
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  candidates_.lost("a", now_);
  EXPECT_EQ(due(), Addresses{});
  now_ += milliseconds(200);
  EXPECT_EQ(due(), Addresses{"10.0.0.1"});
  for (int i = 0; i < 5; ++i) {
    candidates_.joined("a", now_);
    candidates_.lost("a", now_);
    now_ = *candidates_.next_due();
    EXPECT_EQ(due(), Addresses{"10.0.0.1"});
  }
  candidates_.joined("a", now_);
  candidates_.lost("a", now_);
  EXPECT_GT(*candidates_.next_due() - now_, seconds(2));
}

TEST_F(CandidatesTest, ANodeThatDialledUsIsNotDialled) {
  candidates_.joined("a", now_);
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  EXPECT_EQ(due(), Addresses{});
  candidates_.lost("a", now_);
  now_ += seconds(1);
  EXPECT_EQ(due(), Addresses{"10.0.0.1"});
}

TEST_F(CandidatesTest, ANodeThatConnectsTheOtherWayHasNotFailed) {
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  EXPECT_EQ(due(), Addresses{"10.0.0.1"});
  candidates_.postponed("a", now_);
  EXPECT_EQ(due(), Addresses{});
  now_ += seconds(10);
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  EXPECT_EQ(candidates_.missing(now_).at(0).problem, "");
  EXPECT_EQ(due(), Addresses{"10.0.0.1"});
}

TEST_F(CandidatesTest, ANodeThatIsSeenAndCannotBeReachedIsToldOnceWithPlaceTimeAndAdvice) {
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  due();
  fail_to("a");
  ASSERT_EQ(candidates_.missing(now_).size(), 1u);
  EXPECT_EQ(candidates_.missing(now_)[0].problem, "") << "it has failed only just now";
  now_ += seconds(5);
  EXPECT_TRUE(candidates_.take_newly_unreachable(now_).empty()) << "it has not been seen since";
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  const std::vector<MissingPeer> told = candidates_.take_newly_unreachable(now_);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].node, "a");
  EXPECT_EQ(told[0].place, "10.0.0.1:50051");
  EXPECT_EQ(told[0].seconds, 5);
  EXPECT_EQ(told[0].problem, "the connection is refused");
  EXPECT_NE(told[0].advice.find("--node-port 50051"), std::string::npos) << told[0].advice;
  EXPECT_EQ(candidates_.missing(now_), told);
  EXPECT_TRUE(candidates_.take_newly_unreachable(now_).empty());
  candidates_.joined("a", now_);
  EXPECT_TRUE(candidates_.missing(now_).empty());
}

PeerCandidate named(const NodeId& node, std::string address) {
  PeerCandidate result = candidate(node, std::move(address));
  result.declared.emplace();
  return result;
}

// Dials what the candidates say is due. Every dial lasts for `dial_time` and then fails.
class DialledNetwork {
 public:
  DialledNetwork(Candidates& candidates, Duration dial_time)
      : candidates_(candidates), dial_time_(dial_time) {}

  void run_until(TimePoint end) {
    for (; now < end; now += milliseconds(50)) {
      while (!under_way_.empty() && under_way_.begin()->first <= now) {
        candidates_.failed(under_way_.begin()->second, {ErrorCode::deadline_exceeded, "no answer"}, now);
        under_way_.erase(under_way_.begin());
      }
      for (const PeerCandidate& taken : candidates_.take_due(now)) {
        dialled.emplace_back(now, taken.node);
        under_way_.emplace(now + dial_time_, taken.node);
      }
      most_at_once = std::max(most_at_once, std::ssize(under_way_));
    }
  }
  bool was_dialled(const NodeId& node) const {
    return std::ranges::any_of(dialled, [&](const auto& dial) { return dial.second == node; });
  }

  TimePoint now{seconds(1000)};
  std::vector<std::pair<TimePoint, NodeId>> dialled;
  int64_t most_at_once = 0;

 private:
  Candidates& candidates_;
  Duration dial_time_;
  std::multimap<TimePoint, NodeId> under_way_;
};

TEST(Candidates, AThousandSpoofedAnnouncementsAreDialledFewAtATime) {
  for (const bool is_one_address : {true, false}) {
    Candidates candidates({}, 1);
    DialledNetwork network(candidates, seconds(2));
    for (int i = 0; i < 1000; ++i) {
      const auto address = is_one_address ? "10.0.0.66" : fmt::format("10.0.{}.{}", i / 250, i % 250);
      candidates.see(candidate(fmt::format("spoofed-{}", i), address), network.now);
    }
    network.run_until(network.now + seconds(1));
    EXPECT_LE(network.most_at_once, is_one_address ? 4 : 8);
    const auto flood = candidates.take_flood(network.now);
    ASSERT_TRUE(flood);
    EXPECT_EQ(flood->count, is_one_address ? 1000 - 32 : 1000 - 256);
    EXPECT_FALSE(candidates.take_flood(network.now));
    // A node that is announced again and again comes before those that were announced once.
    for (int i = 0; i < 4; ++i) {
      candidates.see(candidate("honest", "10.0.9.1"), network.now);
      network.run_until(network.now + seconds(1));
    }
    EXPECT_TRUE(network.was_dialled("honest"));
    network.run_until(network.now + seconds(60));
    EXPECT_LE(network.dialled.size(), 300u) << "they are not seen any more";
    EXPECT_LE(candidates.missing(network.now).size(), 1u);
  }
}

TEST(Candidates, InAFloodThatLastsEveryStrangerHasItsTurnAndKnownNodesHaveTheirs) {
  Candidates candidates({}, 1);
  DialledNetwork network(candidates, seconds(2));
  int flood_lines = 0;
  candidates.joined("friend", network.now);
  candidates.see(candidate("friend", "10.0.8.1"), network.now);
  for (int second = 0; second < 70; ++second) {
    for (int i = 0; i < 400; ++i) {
      candidates.see(
          candidate(fmt::format("spoofed-{}-{}", second % 7, i), fmt::format("10.0.1.{}", i % 250)),
          network.now);
    }
    if (candidates.take_flood(network.now)) ++flood_lines;
    if (second == 50) candidates.lost("friend", network.now);
    candidates.see(candidate("friend", "10.0.8.1"), network.now);
    candidates.see(named("listed", "10.0.8.2"), network.now);
    network.run_until(network.now + seconds(1));
    EXPECT_TRUE(second < 1 || network.was_dialled("listed")) << second;
    EXPECT_TRUE(second < 52 || network.was_dialled("friend")) << second;
  }
  EXPECT_EQ(flood_lines, 2) << "in 70 s";
  EXPECT_LE(network.most_at_once, 12);
  EXPECT_LE(network.dialled.size(), 70u * 8);
  const std::vector<MissingPeer> missing = candidates.missing(network.now);
  EXPECT_EQ(missing.size(), Candidates::missing_limit);
  EXPECT_EQ(missing[0].node, "friend");
  EXPECT_EQ(missing[1].node, "listed");
}

TEST(Candidates, DialsToOneAddressAreSpreadOverTime) {
  Candidates candidates({}, 1);
  DialledNetwork network(candidates, milliseconds(10));
  const TimePoint begin = network.now;
  for (int i = 0; i < 100; ++i) candidates.see(named(fmt::format("n{}", i), "10.0.0.1"), network.now);
  network.run_until(begin + seconds(1));
  EXPECT_GE(network.dialled.size(), 16u);
  EXPECT_LE(network.dialled.size(), 16u + 8 + 1);
}

TEST(Candidates, FloodsOfAddressesAreBounded) {
  Candidates candidates(
      {.stranger_limit = 10, .address_limit = 3, .stranger_dial_limit = 100, .dial_burst = 100}, 1);
  const TimePoint now{seconds(1)};
  for (int i = 0; i < 1000; ++i) {
    candidates.see(candidate(fmt::format("n{}", i % 26), fmt::format("10.0.0.{}", i % 10)), now);
  }
  EXPECT_EQ(candidates.take_due(now).size(), 10u);
}

}  // namespace
}  // namespace shoal
