#include "base/loop.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "base/simulated_world_for_test.h"

namespace shoal {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(ThreadLoop, RunsTasksInTheOrderTheyWerePosted) {
  ThreadLoop loop("test");
  std::vector<int> order;
  std::promise<void> done;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(loop.post([&order, i] { order.push_back(i); }));
  ASSERT_TRUE(loop.post([&done] { done.set_value(); }));
  done.get_future().wait();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(ThreadLoop, RefusesWhatItsQueueCannotHold) {
  ThreadLoop loop("test", 2);
  std::promise<void> started, go;
  ASSERT_TRUE(loop.post([&] {
    started.set_value();
    go.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(loop.post([] {}));
  EXPECT_TRUE(loop.post([] {}));
  EXPECT_FALSE(loop.post([] {}));
  go.set_value();
  loop.stop();  // before the promises are destroyed
}

TEST(ThreadLoop, ACancelledTimerNeverRunsAndAnotherDoes) {
  ThreadLoop loop("test");
  std::promise<void> done;
  bool cancelled_ran = false;
  const TimerId cancelled = loop.post_after(milliseconds(1), [&] { cancelled_ran = true; });
  loop.cancel_timer(cancelled);
  ASSERT_NE(loop.post_after(milliseconds(5), [&] { done.set_value(); }), 0u);
  done.get_future().wait();
  loop.stop();
  EXPECT_FALSE(cancelled_ran);
}

TEST(ThreadLoop, RefusesTasksAfterStop) {
  ThreadLoop loop("test");
  loop.stop();
  EXPECT_FALSE(loop.post([] {}));
  EXPECT_EQ(loop.post_after(milliseconds(1), [] {}), 0u);
  loop.stop();
}

TEST(SimulatedWorld, OneLoopKeepsOrderAndTimersKeepTime) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SimulatedWorld world(seed);
    Loop& loop = world.make_loop("a");
    std::vector<int> order;
    loop.post_after(hours(1), [&] { order.push_back(3); });
    loop.post([&] { order.push_back(1); });
    loop.post([&] { order.push_back(2); });
    const TimePoint start = world.now();
    EXPECT_TRUE(world.run_for(hours(2)));
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    EXPECT_GE(world.now() - start, hours(1));
  }
}

TEST(SimulatedWorld, TheSeedDecidesTheOrderBetweenLoops) {
  auto order_with = [](uint64_t seed) {
    SimulatedWorld world(seed);
    std::vector<int> order;
    for (int i = 0; i < 6; ++i) world.make_loop("loop").post([&order, i] { order.push_back(i); });
    world.run_for(hours(1));
    return order;
  };
  EXPECT_EQ(order_with(1), order_with(1));
  EXPECT_NE(order_with(1), order_with(2));
}

TEST(SimulatedWorld, AKilledLoopRunsNothingMore) {
  SimulatedWorld world(1);
  Loop& loop = world.make_loop("a");
  bool ran = false;
  loop.post([&] { ran = true; });
  world.kill(loop);
  EXPECT_FALSE(loop.post([&] { ran = true; }));
  world.run_for(hours(1));
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace shoal
