// Keeps processors awake while work that comes in turns is somebody else's: a processor that has slept is
// slow for the next milliseconds. The threads run only where nobody else wants to, so they take time from
// nobody.
#pragma once

#include <cstdint>
#include <memory>

namespace shoal {

class IdleSpin {
 public:
  // Where the system has no such priority, nothing ever spins; where it has too few threads, less does.
  explicit IdleSpin(int64_t thread_count);
  ~IdleSpin();

  // One caller at a time. From begin() on the threads spin until end(), but for no longer than 200 ms.
  void begin();
  void end();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
