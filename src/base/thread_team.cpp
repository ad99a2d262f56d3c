#include "base/thread_team.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/os.h"
#include "base/spin_wait.h"

namespace shoal {
struct ThreadTeam::State {
  explicit State(int64_t members) : member_count(members), rounds(spin_rounds(members)) {}
  // Also runs when the constructor could not start every thread.
  ~State() {
    stopping = true;
    start_run();
  }

  const int64_t member_count;
  const int rounds;
  std::vector<std::jthread> threads;
  std::optional<FunctionRef<void(int64_t)>> work;  // written before run_number changes, read after
  bool stopping = false;
  alignas(64) std::atomic<uint32_t> run_number = 0;
  alignas(64) std::atomic<uint32_t> arrived = 0;
  alignas(64) std::atomic<uint32_t> barrier_number = 0;

  void meet() {
    const uint32_t number = barrier_number.load(std::memory_order_relaxed);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == member_count) {
      arrived.store(0, std::memory_order_relaxed);
      barrier_number.store(number + 1, std::memory_order_release);
      barrier_number.notify_all();
    } else {
      wait_for_change(barrier_number, number, rounds);
    }
  }

  void start_run() {
    run_number.fetch_add(1, std::memory_order_release);
    run_number.notify_all();
  }

  void serve(int64_t member) {
    os::set_thread_name("shoal-compute");
    os::set_float_environment();
    for (uint32_t seen = 0;; ++seen) {
      wait_for_change(run_number, seen, rounds);
      if (stopping) return;
      (*work)(member);
      meet();
    }
  }
};

Result<std::unique_ptr<ThreadTeam>> ThreadTeam::create(int64_t thread_count) {
  try {
    return std::make_unique<ThreadTeam>(thread_count);
  } catch (const std::system_error& error) {
    return fail(os::no_more_threads(error));
  }
}

ThreadTeam::ThreadTeam(int64_t thread_count) : state_(std::make_unique<State>(thread_count)) {
  CHECK(thread_count >= 1);
  for (int64_t member = 1; member < thread_count; ++member) {
    state_->threads.emplace_back([state = state_.get(), member] { state->serve(member); });
  }
}

ThreadTeam::~ThreadTeam() = default;

int64_t ThreadTeam::thread_count() const { return state_->member_count; }

void ThreadTeam::run(FunctionRef<void(int64_t)> work) {
  if (state_->member_count == 1) return work(0);
  state_->work = work;
  state_->start_run();
  work(0);
  state_->meet();
}

void ThreadTeam::barrier() {
  if (state_->member_count > 1) state_->meet();
}

WorkRange divide_work(int64_t count, int64_t grain, int64_t member, int64_t members) {
  const int64_t units = (count + grain - 1) / grain;
  const int64_t begin = units * member / members * grain;
  const int64_t end = units * (member + 1) / members * grain;
  return {.begin = std::min(begin, count), .end = std::min(end, count)};
}

}  // namespace shoal
