#include "base/work_phases.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <semaphore>
#include <vector>

#include "base/thread_team.h"

namespace shoal {
namespace {

TEST(WorkPhases, DoesEachRangeOnceAndEachPhaseAfterTheOneBefore) {
  constexpr int64_t phases = 200;
  for (const int64_t members : {1, 2, 3, 5}) {
    ThreadTeam team(members);
    WorkPhases work(phases, members);
    // The values are not atomic on purpose: the phases alone must order the accesses.
    std::vector<int64_t> values(static_cast<size_t>(work.range_count()), 0);
    for (int round = 0; round < 5; ++round) {
      work.reset();
      std::ranges::fill(values, 1);
      team.run([&](int64_t member) {
        for (int64_t phase = 0; phase < phases; phase += 2) {
          int64_t sum = 0;  // each range reads what all ranges of the phase before wrote
          std::vector<int64_t> next(values.size(), -1);
          work.run(phase, member, [&](int64_t range) {
            sum = std::accumulate(values.begin(), values.end(), int64_t{0});
            next[static_cast<size_t>(range)] = sum % 1000 + range;
          });
          work.run(phase + 1, member, [&](int64_t range) { values[static_cast<size_t>(range)] += 1; });
        }
      });
      for (const int64_t value : values) EXPECT_EQ(value, 1 + phases / 2);
    }
  }
}

TEST(WorkPhases, GoesOnWithoutAMemberThatDoesNotCome) {
  ThreadTeam team(2);
  WorkPhases work(3, 2);
  std::binary_semaphore finished(0);
  std::atomic<int64_t> done = 0;
  team.run([&](int64_t member) {
    if (member == 1) finished.acquire();  // as if the system did not run it until the other is through
    for (int64_t phase = 0; phase < 3; ++phase) {
      work.run(phase, member, [&](int64_t) {
        EXPECT_EQ(member, 0);
        ++done;
      });
    }
    if (member == 0) finished.release();
  });
  EXPECT_EQ(done, 3 * work.range_count());
}

}  // namespace
}  // namespace shoal
