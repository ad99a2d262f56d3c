// A fixed set of threads that run the same function at the same time: the calling thread is member 0. Members
// spin briefly between runs, then sleep, so that a process that shares its cores does not collapse.
#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "base/function_ref.h"

namespace shoal {

class ThreadTeam {
 public:
  // resource_exhausted when the system gives no more threads; the constructor throws std::system_error
  // instead.
  static Result<std::unique_ptr<ThreadTeam>> create(int64_t thread_count);
  explicit ThreadTeam(int64_t thread_count);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int64_t thread_count() const;

  // Calls `work(member)` once for each member in [0, thread_count) and returns when all calls have. One
  // caller at a time; allocates nothing. Inside a run, members may wait for each other by barrier().
  void run(FunctionRef<void(int64_t member)> work);

  // Called inside run() by every member: returns when all have called it.
  void barrier();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The part of [0, count) that falls to `member` of `members`, in multiples of `grain`; the last part may be
// shorter.
struct WorkRange {
  int64_t begin;
  int64_t end;
};
WorkRange divide_work(int64_t count, int64_t grain, int64_t member, int64_t members);

}  // namespace shoal
