#include "base/simulated_world_for_test.h"

#include <utility>

#include "base/check.h"

namespace shoal {

class SimulatedWorld::SimulatedLoop final : public Loop, public std::enable_shared_from_this<SimulatedLoop> {
 public:
  SimulatedLoop(SimulatedWorld& world, std::string name) : world_(world), name_(std::move(name)) {}

  TimePoint now() const override { return world_.now(); }

  bool post(Task task) override {
    if (dead_) return false;
    // A task never overtakes one that was posted to the same loop before it.
    constexpr Duration step{1};
    const TimePoint due = std::max(world_.now(), last_due_ + step);
    last_due_ = due;
    world_.schedule(due - world_.now(), shared_from_this(), std::move(task));
    return true;
  }

  TimerId post_after(Duration delay, Task task) override {
    if (dead_) return 0;
    const TimerId timer = ++last_timer_;
    const Order order = world_.schedule(delay, shared_from_this(), [this, timer, task = std::move(task)] {
      if (timers_.erase(timer) > 0) task();
    });
    timers_.emplace(timer, order);
    return timer;
  }

  void cancel_timer(TimerId timer) override {
    auto found = timers_.find(timer);
    if (found == timers_.end()) return;
    const Order order = found->second;
    timers_.erase(found);
    world_.events_.erase(order);
  }

  void kill() { dead_ = true; }
  bool dead() const { return dead_; }

 private:
  SimulatedWorld& world_;
  const std::string name_;
  bool dead_ = false;
  TimePoint last_due_{};
  TimerId last_timer_ = 0;
  std::map<TimerId, Order> timers_;
};

Loop& SimulatedWorld::make_loop(std::string name) {
  auto loop = std::make_shared<SimulatedLoop>(*this, std::move(name));
  Loop& reference = *loop;
  loops_.emplace(&reference, std::move(loop));
  return reference;
}

void SimulatedWorld::kill(Loop& loop) {
  auto found = loops_.find(&loop);
  CHECK(found != loops_.end());
  found->second->kill();
}

void SimulatedWorld::at_after(Duration delay, Task task) { schedule(delay, nullptr, std::move(task)); }

SimulatedWorld::Order SimulatedWorld::schedule(Duration delay, std::shared_ptr<SimulatedLoop> loop,
                                               Task task) {
  const Order order{.time = now_ + delay, .tie = random_(), .number = ++event_count_};
  events_.emplace(order, Event{.loop = std::move(loop), .task = std::move(task)});
  return order;
}

bool SimulatedWorld::run_one(TimePoint limit) {
  auto first = events_.begin();
  if (first == events_.end() || first->first.time > limit) return false;
  now_ = std::max(now_, first->first.time);
  Event event = std::move(first->second);
  events_.erase(first);
  if (event.loop == nullptr || !event.loop->dead()) event.task();
  return true;
}

bool SimulatedWorld::run_for(Duration limit) {
  const TimePoint end = now_ + limit;
  while (run_one(end)) {
  }
  if (events_.empty()) return true;
  now_ = end;
  return false;
}

bool SimulatedWorld::run_until(const std::function<bool()>& done, Duration limit) {
  const TimePoint end = now_ + limit;
  while (!done()) {
    if (!run_one(end)) return false;
  }
  return true;
}

}  // namespace shoal
