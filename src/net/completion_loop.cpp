#include "net/completion_loop.h"

#include <grpc/support/time.h>

#include <utility>

#include "base/os.h"

namespace shoal {
namespace {

gpr_timespec grpc_deadline(TimePoint time) {
  if (time == TimePoint::max()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const Duration left = std::max(Duration::zero(), time - std::chrono::steady_clock::now());
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(left.count(), GPR_TIMESPAN));
}

}  // namespace

CompletionLoop::CompletionLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue)
    : queue_(std::move(queue)), woken_([this](bool) { run_posted(); }) {}

CompletionLoop::~CompletionLoop() { close(); }

void CompletionLoop::start() {
  thread_ = std::jthread([this] { run(); });
}

void CompletionLoop::post(std::function<void()> task) {
  // The alarm is set under the lock: once closed, the queue takes nothing more.
  MutexLock lock(mutex_);
  if (closed_) return;
  posted_.push_back(std::move(task));
  if (std::exchange(waking_, true)) return;
  alarm_.Set(queue_.get(), gpr_now(GPR_CLOCK_MONOTONIC), &woken_);
}

void CompletionLoop::post_after(Duration delay, std::function<void()> task) {
  timers_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
}

void CompletionLoop::close() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(closed_, true)) return;
    queue_->Shutdown();
  }
  if (thread_.joinable()) {
    thread_.join();
    return;
  }
  void* tag = nullptr;  // never started: whoever made the queue must empty it
  for (bool ok = false; queue_->Next(&tag, &ok);) {
  }
}

bool CompletionLoop::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    MutexLock lock(mutex_);
    waking_ = false;
    tasks.swap(posted_);
  }
  for (const auto& task : tasks) task();
  return !tasks.empty();
}

// When the next timer is due.
TimePoint CompletionLoop::run_due_timers() {
  while (!timers_.empty() && timers_.begin()->first <= std::chrono::steady_clock::now()) {
    auto task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
  return timers_.empty() ? TimePoint::max() : timers_.begin()->first;
}

void CompletionLoop::run() {
  os::set_thread_name("net");
  while (true) {
    const TimePoint due = run_due_timers();
    void* tag = nullptr;
    bool ok = false;
    switch (queue_->AsyncNext(&tag, &ok, grpc_deadline(due))) {
      case grpc::CompletionQueue::GOT_EVENT: static_cast<Completion*>(tag)->run(ok); break;
      case grpc::CompletionQueue::TIMEOUT: break;
      case grpc::CompletionQueue::SHUTDOWN: return;
    }
  }
}

}  // namespace shoal
