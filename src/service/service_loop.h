// The service's own loop as its parts use it: tasks that they post run only while the service lives. Copies
// may be used on other threads.
#pragma once

#include <memory>
#include <utility>

#include "base/loop.h"

namespace shoal {

class ServiceLoop {
 public:
  explicit ServiceLoop(Loop& loop) : loop_(&loop), lifeline_(std::make_shared<std::weak_ptr<void>>()) {}

  // Called once, before anything is posted.
  void bind(std::weak_ptr<void> service) const { *lifeline_ = std::move(service); }

  Loop& base() const { return *loop_; }
  TimePoint now() const { return loop_->now(); }
  bool post(Task task) const { return loop_->post(guarded(std::move(task))); }
  TimerId post_after(Duration delay, Task task) const {
    return loop_->post_after(delay, guarded(std::move(task)));
  }
  void cancel_timer(TimerId timer) const { loop_->cancel_timer(timer); }

 private:
  Task guarded(Task task) const {
    return [lifeline = lifeline_, task = std::move(task)] {
      if (const std::shared_ptr<void> service = lifeline->lock()) task();
    };
  }

  Loop* loop_;
  std::shared_ptr<std::weak_ptr<void>> lifeline_;
};

}  // namespace shoal
