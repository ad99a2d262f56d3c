#include "base/thread_team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace shoal {
namespace {

TEST(ThreadTeam, EveryMemberRunsOnceAndBarriersSeparatePhases) {
  for (int64_t threads : {1, 2, 3, 5}) {
    ThreadTeam team(threads);
    for (int round = 0; round < 200; ++round) {
      std::atomic<int64_t> first = 0;
      std::vector<int64_t> seen(static_cast<size_t>(threads), -1);
      team.run([&](int64_t member) {
        first.fetch_add(1);
        team.barrier();
        seen[static_cast<size_t>(member)] = first.load();
      });
      for (int64_t value : seen) ASSERT_EQ(value, threads);
    }
  }
}

TEST(DivideWork, CoversEverythingOnceInWholeGrains) {
  for (int64_t count : {0, 1, 15, 16, 17, 160, 1000}) {
    for (int64_t members : {1, 2, 3, 7}) {
      int64_t next = 0;
      for (int64_t member = 0; member < members; ++member) {
        const WorkRange range = divide_work(count, 16, member, members);
        EXPECT_EQ(range.begin, next);
        EXPECT_TRUE(range.begin % 16 == 0 || range.begin == count);
        next = range.end;
      }
      EXPECT_EQ(next, count);
    }
  }
}

}  // namespace
}  // namespace shoal
