#include "service/membership.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

using std::chrono::milliseconds;

NodeReport report_from(const NodeId& node, uint64_t incarnation = 1) {
  NodeReport report{};
  report.node = node;
  report.incarnation = incarnation;
  report.address = "10.0.0.1";
  return report;
}

TimePoint at(int64_t ms) { return TimePoint(milliseconds(ms)); }

Duration one_second(const NodeId&) { return std::chrono::seconds(1); }

TEST(Membership, APeerThatSpeaksStaysAndOneThatIsSilentIsNamed) {
  Membership members(report_from("own"));
  members.join(report_from("a"), at(0));
  members.join(report_from("b"), at(0));
  EXPECT_TRUE(members.hear("a", at(900)));
  EXPECT_TRUE(members.silent_peers(at(999), one_second).empty());
  EXPECT_EQ(members.silent_peers(at(1000), one_second), std::vector<NodeId>{"b"});
}

TEST(Membership, EachPeerMayHaveItsOwnPatience) {
  Membership members(report_from("own"));
  members.join(report_from("stage"), at(0));
  members.join(report_from("visitor"), at(0));
  const auto patience = [](const NodeId& node) {
    return node == "stage" ? std::chrono::seconds(1) : std::chrono::seconds(5);
  };
  EXPECT_EQ(members.silent_peers(at(2000), patience), std::vector<NodeId>{"stage"});
  EXPECT_EQ(members.silent_peers(at(5000), patience), (std::vector<NodeId>{"stage", "visitor"}));
}

TEST(Membership, OurOwnStandstillIsNobodysSilence) {
  Membership members(report_from("own"));
  members.join(report_from("a"), at(0));
  members.excuse(milliseconds(3000));
  EXPECT_TRUE(members.silent_peers(at(3500), one_second).empty());
  EXPECT_FALSE(members.silent_peers(at(4000), one_second).empty());
}

TEST(Membership, WhatAStrangerSaysIsNotHeard) {
  Membership members(report_from("own"));
  EXPECT_FALSE(members.hear("stranger", at(0)));
  members.update("stranger", report_from("stranger"), at(0));
  EXPECT_FALSE(members.has_reported_since("stranger", at(0)));
  EXPECT_EQ(members.find("stranger"), nullptr);
  EXPECT_TRUE(members.hear("own", at(0)));
}

TEST(Membership, ANewerReportKeepsWhatTheHandshakeFoundOut) {
  Membership members(report_from("own"));
  members.join(report_from("a", 7), at(0));
  NodeReport newer = report_from("a", 0);
  newer.address.clear();
  newer.models = {{.name = "m"}};
  EXPECT_FALSE(members.has_reported_since("a", at(1)));
  members.hear("a", at(3));
  members.update("a", newer, at(2));
  EXPECT_TRUE(members.has_reported_since("a", at(2)));
  EXPECT_FALSE(members.has_reported_since("a", at(3)));
  ASSERT_NE(members.find("a"), nullptr);
  EXPECT_EQ(members.find("a")->incarnation, 7u);
  EXPECT_EQ(members.find("a")->address, "10.0.0.1");
  EXPECT_EQ(members.find("a")->models, newer.models);
}

TEST(Membership, NothingNewIsAskedOfAPeerThatHasBecomeSilent) {
  Membership members(report_from("own"));
  members.join(report_from("a"), at(0));
  EXPECT_EQ(members.fresh_reports(at(900), std::chrono::seconds(1)).size(), 2u);
  EXPECT_EQ(members.fresh_reports(at(1000), std::chrono::seconds(1)).size(), 1u);
  EXPECT_EQ(members.reports().size(), 2u);
}

}  // namespace
}  // namespace shoal
