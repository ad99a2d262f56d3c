#include "net/dial_trouble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal {
namespace {

using testing::HasSubstr;

// The messages are those of the system for a closed port, an unknown host, a firewall and a network that is
// not there, and our own for a missed deadline, a closed connection and a refusal.
TEST(DialTrouble, EachWayToFailHasItsWordsAndItsAdvice) {
  struct Case {
    Error error;
    std::string problem;
    std::string advice;
  };
  const std::vector<Case> cases = {
      {{ErrorCode::unavailable, "Connection refused"},
       "the connection is refused",
       "start shoal there, with --node-port 50051"},
      {{ErrorCode::unavailable, "studio.lan does not resolve: Name or service not known"},
       "the host name studio.lan does not resolve",
       "write the device's address"},
      {{ErrorCode::unavailable, "studio.lan does not resolve: Temporary failure in name resolution"},
       "the host name studio.lan does not resolve",
       "write the device's address"},
      {{ErrorCode::deadline_exceeded, "no answer from studio.lan:50051"},
       "no answer",
       "let TCP port 50051 through the firewall"},
      {{ErrorCode::unavailable, "Network is unreachable"},
       "there is no route to it",
       "in a network from which studio.lan can be reached"},
      {{ErrorCode::unavailable, "No route to host"}, "there is no route to it", "that device is on"},
      {{ErrorCode::unavailable, "Connection timed out"}, "no answer", "TCP port 50051"},
      {{ErrorCode::unavailable, "the peer closed the connection"},
       "it broke the connection off",
       "another program"},
      {{ErrorCode::permission_denied, "node a runs Shoal 1, this one 2"},
       "node a runs Shoal 1, this one 2",
       ""},
  };
  PeerCandidate dialled{};
  dialled.node = NodeId("a");
  dialled.address = std::string("studio.lan");
  dialled.port = 50051;
  for (const Case& failure : cases) {
    const DialTrouble trouble = explain_trouble(failure.error, dialled);
    EXPECT_EQ(trouble.problem, failure.problem) << failure.error.message;
    EXPECT_THAT(trouble.advice, HasSubstr(failure.advice)) << failure.error.message;
  }
}

}  // namespace
}  // namespace shoal
