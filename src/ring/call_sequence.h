// Calls out of a module that must not overlap, keep their order and end for certain, with no lock held over
// them.
#pragma once

#include <deque>
#include <thread>

#include "base/loop.h"
#include "base/mutex.h"

namespace shoal {

class CallSequence {
 public:
  // Keeps `call` for drain(); never runs it. May be called with the owner's lock held, so that the order of
  // calls is that of the changes they tell of. Dropped after close().
  void add(Task call) EXCLUDES(mutex_);

  // Runs what was added, unless another thread (or this one, further down its stack) is doing so already and
  // will take it. To be called with no lock held.
  void drain() EXCLUDES(mutex_);

  // Nothing begins afterwards. Waits for the call in progress, unless it is this thread's own. Idempotent.
  void close() EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  ConditionVariable idle_;
  std::deque<Task> calls_ GUARDED_BY(mutex_);
  std::thread::id runner_ GUARDED_BY(mutex_);  // the thread inside a call
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace shoal
