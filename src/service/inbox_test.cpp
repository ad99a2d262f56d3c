#include "service/inbox.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(Inbox, OnePeersFloodLeavesTheOthersTheirRoom) {
  Inbox inbox(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(inbox.try_enter("flooding"));
  EXPECT_FALSE(inbox.try_enter("flooding"));
  EXPECT_TRUE(inbox.try_enter("quiet"));
  inbox.leave("flooding");
  EXPECT_TRUE(inbox.try_enter("flooding"));
  inbox.leave("nobody");
}

}  // namespace
}  // namespace shoal
