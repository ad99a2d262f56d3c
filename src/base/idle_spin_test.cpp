#include "base/idle_spin.h"

#include <gtest/gtest.h>

#include <thread>

namespace shoal {
namespace {

TEST(IdleSpin, MayBeginAndEndInAnyOrderAndStopsWhileItSpins) {
  IdleSpin spin(2);
  spin.end();
  for (int i = 0; i < 100; ++i) {
    spin.begin();
    spin.begin();
    if (i % 3 == 0) std::this_thread::yield();
    spin.end();
  }
  spin.begin();
}

TEST(IdleSpin, StopsWhenItNeverBegan) { IdleSpin spin(3); }

}  // namespace
}  // namespace shoal
