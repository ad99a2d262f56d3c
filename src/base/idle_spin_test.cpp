#include "base/idle_spin.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "base/os.h"

namespace shoal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// The system's letter for each thread of an IdleSpin: 'R' wants a processor, 'S' sleeps.
std::string thread_states() {
  std::string states;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", gone)) {
    std::string line;
    std::getline(std::ifstream(task.path() / "stat"), line);  // 12 (shoal-idle) S …
    const size_t end = line.rfind(") ");
    if (end != std::string::npos && line.substr(0, end).ends_with("(shoal-idle")) states += line[end + 2];
  }
  return states;
}

template <class Holds>
bool comes_true(Holds holds) {
  const auto deadline = steady_clock::now() + seconds(60);  // threads of this priority may have to wait long
  while (!holds()) {
    if (steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

bool all_sleep(const std::string& states) { return states == "SS"; }

class IdleSpinning : public testing::Test {
 protected:
  void SetUp() override {
    bool has_priority = false;
    std::jthread([&] { has_priority = os::run_only_when_idle(); }).join();
    if (!has_priority) GTEST_SKIP() << "the system has no such priority";
    spin_.emplace(2);
    ASSERT_TRUE(comes_true([] { return all_sleep(thread_states()); })) << thread_states();
  }

  // The states of the threads 50 ms after `change`, when a spin that it began cannot be over yet.
  template <class Change>
  std::string states_after(Change change) {
    for (int attempt = 0; attempt < 100; ++attempt) {
      EXPECT_TRUE(comes_true([] { return all_sleep(thread_states()); }));
      const auto begin = steady_clock::now();
      change();
      while (steady_clock::now() < begin + milliseconds(50)) std::this_thread::yield();
      const std::string states = thread_states();
      if (steady_clock::now() < begin + milliseconds(200)) return states;
      spin_->end();  // this thread had to wait too long; try again
    }
    return "never looked in time";
  }

  std::optional<IdleSpin> spin_;
};

TEST_F(IdleSpinning, BeginsOnceHoweverOftenItIsTold) {
  EXPECT_EQ(states_after([&] {
              spin_->begin();
              spin_->begin();
            }),
            "RR");
  spin_->end();
  EXPECT_TRUE(comes_true([] { return all_sleep(thread_states()); }));
  EXPECT_EQ(states_after([&] { spin_->begin(); }), "RR") << "a second time";
}

TEST_F(IdleSpinning, SleepsWhenItWasNotBegunOrIsOver) {
  EXPECT_EQ(states_after([&] { spin_->end(); }), "SS");
}

TEST_F(IdleSpinning, EndsByItselfWhereNobodyEndsIt) {
  spin_->begin();
  EXPECT_TRUE(comes_true([] { return all_sleep(thread_states()); })) << thread_states();
}

TEST_F(IdleSpinning, LeavesNoThreadBehindWhetherItSpinsOrNot) {
  EXPECT_EQ(thread_states().size(), 2u);
  spin_->begin();
  spin_.reset();
  EXPECT_TRUE(comes_true([] { return thread_states().empty(); })) << thread_states();
  spin_.emplace(3);
  spin_.reset();
  EXPECT_TRUE(comes_true([] { return thread_states().empty(); })) << thread_states();
}

}  // namespace
}  // namespace shoal
