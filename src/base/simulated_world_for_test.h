// Loops for simulations: one virtual clock, and an order of events that is a function of the seed.
// Single-threaded.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "base/loop.h"

namespace shoal {

class SimulatedWorld {
 public:
  explicit SimulatedWorld(uint64_t seed) : random_(seed) {}

  // A loop of this world. Tasks posted to one loop keep their order; between loops the seed decides.
  // The loop lives as long as the world.
  Loop& make_loop(std::string name);

  // Drops the tasks that `loop` has not begun and refuses later ones, as when its thread dies.
  void kill(Loop& loop);

  TimePoint now() const { return now_; }
  std::mt19937_64& random() { return random_; }

  // Runs `task` at now() + delay, outside of any loop. Links and faults are injected so.
  void at_after(Duration delay, Task task);

  // Runs events until none is left or `limit` of virtual time has passed. True when none is left.
  bool run_for(Duration limit);

  // Runs events until `done` holds (checked after each) or `limit` has passed. True when `done` holds.
  bool run_until(const std::function<bool()>& done, Duration limit);

 private:
  class SimulatedLoop;
  struct Event {
    std::shared_ptr<SimulatedLoop> loop;  // null: outside of any loop
    Task task;
  };
  struct Order {
    TimePoint time;
    uint64_t tie;  // random, so that the seed orders events of different loops
    uint64_t number;
    auto operator<=>(const Order&) const = default;
  };

  Order schedule(Duration delay, std::shared_ptr<SimulatedLoop> loop, Task task);
  bool run_one(TimePoint limit);

  std::mt19937_64 random_;
  TimePoint now_{};
  uint64_t event_count_ = 0;
  std::map<Order, Event> events_;
  std::map<Loop*, std::shared_ptr<SimulatedLoop>> loops_;
};

}  // namespace shoal
