// Keeps processors awake while the next step's work is with another node: a processor that has slept is slow
// for the next milliseconds. The threads have the system's idle priority, so they take time from nobody.
#pragma once

#include <cstdint>
#include <memory>

namespace shoal {

class IdleSpin {
 public:
  // Starts the threads. Where the system has no idle priority nothing spins; where it starts too few threads,
  // only those spin.
  explicit IdleSpin(int64_t thread_count);
  ~IdleSpin();

  // From begin() until end() the threads spin, but for no longer than 200 ms. One caller at a time.
  void begin();
  void end();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
