#include "ring/call_sequence.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace shoal {
namespace {

TEST(CallSequence, KeepsTheOrderAndNeverOverlaps) {
  CallSequence calls;
  Mutex mutex;  // the owner's lock: it decides the order
  int64_t added = 0;
  std::vector<int64_t> seen;  // unguarded on purpose: only one call at a time may touch it
  const auto add_many = [&] {
    for (int i = 0; i < 2000; ++i) {
      {
        MutexLock lock(mutex);
        calls.add([&seen, number = added++] { seen.push_back(number); });
      }
      calls.drain();
    }
  };
  {
    std::jthread a(add_many), b(add_many), c(add_many);
  }
  ASSERT_EQ(seen.size(), 6000u);
  for (size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], static_cast<int64_t>(i));
}

TEST(CallSequence, ACallMayAddAnotherAndEvenClose) {
  CallSequence calls;
  std::vector<int> order;
  calls.add([&] {
    calls.add([&] {
      order.push_back(2);
      calls.close();
      calls.add([&] { order.push_back(3); });
    });
    calls.drain();
    order.push_back(1);
  });
  calls.drain();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(CallSequence, CloseWaitsForTheCallOfAnotherThread) {
  for (int i = 0; i < 100; ++i) {
    CallSequence calls;
    std::atomic<bool> begun = false;
    bool ended = false;  // unguarded on purpose
    std::jthread other([&] {
      calls.add([&] {
        begun = true;
        begun.notify_all();
        std::this_thread::yield();
        ended = true;
      });
      calls.drain();
    });
    begun.wait(false);
    calls.close();
    EXPECT_TRUE(ended);
  }
}

}  // namespace
}  // namespace shoal
