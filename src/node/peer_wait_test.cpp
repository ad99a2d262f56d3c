#include "node/peer_wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal {
namespace {

using testing::HasSubstr;

NodeReport report_of(const NodeId& node) {
  NodeReport report{};
  report.node = node;
  return report;
}

TEST(PeerWait, WhoIsHereWhoIsMissingAndWhyIsSaid) {
  const ClusterView cluster{
      .own_node = "a",
      .nodes = {report_of("a"), report_of("b")},
      .links = {},
      .missing = {{.node = "c",
                   .place = "10.0.2.2:50052",
                   .problem = "no answer",
                   .advice = "let TCP port 50052 through",
                   .seconds = 12},
                  {.node = "d", .place = "[fd00::2]:50051", .problem = {}, .advice = {}}}};
  EXPECT_EQ(describe_wait(cluster, 3, {}),
            "1 of 3 peers are here: b\n"
            "  missing: c at 10.0.2.2:50052, for 12 s: no answer; let TCP port 50052 through\n"
            "  missing: d at [fd00::2]:50051, which is being dialled");
}

TEST(PeerWait, WhereNobodyIsKnownItIsSaidHowTheyWouldBe) {
  const ClusterView alone{.own_node = "a", .nodes = {report_of("a")}, .links = {}, .missing = {}};
  DiscoverySettings discovery;
  EXPECT_THAT(describe_wait(alone, 1, discovery),
              HasSubstr("0 of 1 peers are here; no other node has been heard"));
  EXPECT_THAT(describe_wait(alone, 1, discovery), HasSubstr("UDP port 5678"));
  discovery.module = DiscoveryModule::manual;
  discovery.config_path = "my.json";
  EXPECT_THAT(describe_wait(alone, 1, discovery), HasSubstr("my.json names no other node"));
  discovery.module = DiscoveryModule::none;
  EXPECT_THAT(describe_wait(alone, 1, discovery), HasSubstr("--discovery-module none"));
}

}  // namespace
}  // namespace shoal
