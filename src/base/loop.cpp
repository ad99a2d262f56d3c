#include "base/loop.h"

#include <deque>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "base/os.h"

namespace shoal {

struct ThreadLoop::State {
  std::string name;
  int64_t queue_limit;
  Mutex mutex;
  ConditionVariable changed;
  bool closed GUARDED_BY(mutex) = false;
  std::deque<Task> queue GUARDED_BY(mutex);
  std::map<std::pair<TimePoint, TimerId>, Task> timers GUARDED_BY(mutex);
  std::map<TimerId, TimePoint> timer_times GUARDED_BY(mutex);
  TimerId last_timer GUARDED_BY(mutex) = 0;
  std::jthread thread;

  bool move_due_timer(TimePoint now) REQUIRES(mutex) {
    auto first = timers.begin();
    if (first == timers.end() || first->first.first > now) return false;
    queue.push_back(std::move(first->second));
    timer_times.erase(first->first.second);
    timers.erase(first);
    return true;
  }

  // Waits for the next task; gives an empty one when the loop is closed.
  Task next_task() {
    mutex.lock();
    Task task;
    while (!closed) {
      while (move_due_timer(std::chrono::steady_clock::now())) {
      }
      if (!queue.empty()) {
        task = std::move(queue.front());
        queue.pop_front();
        break;
      }
      if (timers.empty()) {
        changed.wait(mutex);
      } else {
        const TimePoint due = timers.begin()->first.first;
        changed.wait_until(mutex, due);
      }
    }
    mutex.unlock();
    return task;
  }

  void run() {
    os::set_thread_name(name);
    while (Task task = next_task()) task();
  }
};

ThreadLoop::ThreadLoop(std::string name, int64_t queue_limit) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->queue_limit = queue_limit;
  state_->thread = std::jthread([state = state_.get()] { state->run(); });
}

ThreadLoop::~ThreadLoop() { stop(); }

TimePoint ThreadLoop::now() const { return std::chrono::steady_clock::now(); }

bool ThreadLoop::post(Task task) {
  {
    MutexLock lock(state_->mutex);
    if (state_->closed || static_cast<int64_t>(state_->queue.size()) >= state_->queue_limit) return false;
    state_->queue.push_back(std::move(task));
  }
  state_->changed.notify_one();
  return true;
}

TimerId ThreadLoop::post_after(Duration delay, Task task) {
  TimerId timer = 0;
  {
    MutexLock lock(state_->mutex);
    if (state_->closed) return 0;
    timer = ++state_->last_timer;
    const TimePoint due = now() + delay;
    state_->timers.emplace(std::pair(due, timer), std::move(task));
    state_->timer_times.emplace(timer, due);
  }
  state_->changed.notify_one();
  return timer;
}

void ThreadLoop::cancel_timer(TimerId timer) {
  MutexLock lock(state_->mutex);
  auto found = state_->timer_times.find(timer);
  if (found == state_->timer_times.end()) return;
  state_->timers.erase(std::pair(found->second, timer));
  state_->timer_times.erase(found);
}

void ThreadLoop::stop() {
  std::deque<Task> dropped;
  std::map<std::pair<TimePoint, TimerId>, Task> dropped_timers;
  {
    MutexLock lock(state_->mutex);
    state_->closed = true;
    dropped.swap(state_->queue);
    dropped_timers.swap(state_->timers);
    state_->timer_times.clear();
  }
  state_->changed.notify_all();
  CHECK(state_->thread.get_id() != std::this_thread::get_id());
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace shoal
