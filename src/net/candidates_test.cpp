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
  candidates_.failed("a", now_);
  EXPECT_EQ(due(), Addresses{"10.0.0.2"});
  candidates_.failed("a", now_);
  EXPECT_EQ(due(), Addresses{}) << "now both have failed";
  now_ += milliseconds(200);
  EXPECT_EQ(due(), Addresses{"10.0.0.1"});
}

TEST_F(CandidatesTest, RetriesSlowDownToALimit) {
  candidates_.see(candidate("a", "10.0.0.1"), now_);
  Duration longest{};
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(due().size(), 1u);
    candidates_.failed("a", now_);
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

TEST(Candidates, FloodsOfNodesAndAddressesAreBounded) {
  Candidates candidates({.node_limit = 10, .address_limit = 3}, 1);
  const TimePoint now{seconds(1)};
  for (int i = 0; i < 1000; ++i) {
    candidates.see(candidate(fmt::format("n{}", i % 26), fmt::format("10.0.0.{}", i % 10)), now);
  }
  EXPECT_EQ(candidates.take_due(now).size(), 10u);
}

}  // namespace
}  // namespace shoal
