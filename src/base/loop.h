// A loop runs tasks one after another: it stands for the thread that owns some state. ThreadLoop is a real
// thread; SimulatedWorld (simulated_world_for_test.h) gives loops whose order and time come from a seed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"

namespace shoal {

using Task = std::function<void()>;

// Identifies a pending timer of one loop; 0 is no timer.
using TimerId = uint64_t;

class Loop : public Clock {
 public:
  // Runs `task` on the loop after the tasks posted before. Any thread may call it. False: the loop is closed
  // or its queue is full, and the task will never run.
  virtual bool post(Task task) = 0;

  // Runs `task` on the loop no earlier than `delay` from now. Any thread may call it. Returns 0 when the loop
  // is closed.
  virtual TimerId post_after(Duration delay, Task task) = 0;

  // Any thread may call it. A task that has begun runs to its end; when called on the loop itself, the
  // cancelled task never begins.
  virtual void cancel_timer(TimerId timer) = 0;
};

// One thread, one bounded queue, timers in order of their time.
class ThreadLoop final : public Loop {
 public:
  static constexpr int64_t default_queue_limit = 1 << 16;

  explicit ThreadLoop(std::string name, int64_t queue_limit = default_queue_limit);
  ~ThreadLoop() override;

  TimePoint now() const override;
  bool post(Task task) override;
  TimerId post_after(Duration delay, Task task) override;
  void cancel_timer(TimerId timer) override;

  // Closes the queue, drops tasks that have not begun, and joins the thread. Idempotent. Must not be called
  // on the loop itself.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
