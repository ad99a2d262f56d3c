// Runs a module's calls to others one at a time and in order, with no lock held over them, and stops for
// certain.
#pragma once

#include <deque>
#include <thread>

#include "base/loop.h"
#include "base/mutex.h"

namespace shoal {

class CallSequence {
 public:
  // Keeps `call` until drain() runs it. May be called with the owner's lock held, so that the order of calls
  // is the order of the changes that they report. After close() the call is dropped.
  void add(Task call) EXCLUDES(mutex_);

  // Runs the calls that were added. Returns at once if another thread, or this one further up its stack, is
  // in drain() already; that one then runs them. Must be called with no lock held.
  void drain() EXCLUDES(mutex_);

  // After this no call begins. Waits for the call in progress, unless this thread is inside it. Idempotent.
  void close() EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  ConditionVariable idle_;
  std::deque<Task> calls_ GUARDED_BY(mutex_);
  std::thread::id runner_ GUARDED_BY(mutex_);  // the thread that is in drain()
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace shoal
