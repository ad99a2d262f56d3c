#include "base/idle_spin.h"

#include <atomic>
#include <chrono>
#include <system_error>
#include <thread>
#include <vector>

#include "base/os.h"
#include "base/spin_wait.h"

namespace shoal {
namespace {

constexpr auto longest_spin = std::chrono::milliseconds(200);
constexpr int pauses_between_looks = 64;

}  // namespace

struct IdleSpin::State {
  alignas(64) std::atomic<uint32_t> turn = 0;  // odd: the threads spin
  std::atomic<bool> stopping = false;
  std::vector<std::jthread> threads;

  // Also runs when the constructor could not start every thread.
  ~State() {
    stopping = true;
    change();
  }

  void spin(uint32_t while_turn) {
    const auto end = std::chrono::steady_clock::now() + longest_spin;
    while (turn.load(std::memory_order_acquire) == while_turn && std::chrono::steady_clock::now() < end) {
      for (int i = 0; i < pauses_between_looks; ++i) pause_processor();
    }
  }

  void serve() {
    os::set_thread_name("shoal-idle");
    if (!os::run_only_when_idle()) return;
    while (!stopping) {
      const uint32_t now = turn.load(std::memory_order_acquire);
      if (now % 2 == 1) spin(now);
      if (!stopping) turn.wait(now, std::memory_order_acquire);
    }
  }

  void change() {
    turn.fetch_add(1, std::memory_order_release);
    turn.notify_all();
  }
};

IdleSpin::IdleSpin(int64_t thread_count) : state_(std::make_unique<State>()) {
  try {
    for (int64_t i = 0; i < thread_count; ++i) {
      state_->threads.emplace_back([state = state_.get()] { state->serve(); });
    }
  } catch (const std::system_error&) {  // the caller's work goes on without these threads
  }
}

IdleSpin::~IdleSpin() = default;

void IdleSpin::begin() {
  if (state_->turn % 2 == 0) state_->change();
}

void IdleSpin::end() {
  if (state_->turn % 2 == 1) state_->turn.fetch_add(1, std::memory_order_release);
}

}  // namespace shoal
