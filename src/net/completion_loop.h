// The thread that owns all connections of a node: gRPC's events, timers and posted tasks, one after another.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"

namespace shoal {

// What a gRPC operation calls when it is done; `ok` as gRPC says it. Lives until then.
class Completion {
 public:
  explicit Completion(std::function<void(bool ok)> done) : done_(std::move(done)) {}
  void run(bool ok) { done_(ok); }

 private:
  std::function<void(bool ok)> done_;
};

class CompletionLoop {
 public:
  explicit CompletionLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue);
  ~CompletionLoop();

  // Operations of servers and of clients are completed here.
  grpc::ServerCompletionQueue* queue() { return queue_.get(); }

  void start();

  // Any thread. After close() tasks are dropped.
  void post(std::function<void()> task);

  // On the loop only. Timers that are pending at close() never run.
  void post_after(Duration delay, std::function<void()> task);

  // When every operation has been completed, and none will begin: ends the thread. Not on the loop.
  void close();

 private:
  void run();
  bool run_posted();
  TimePoint run_due_timers();

  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::multimap<TimePoint, std::function<void()>> timers_;  // owned by the thread
  Completion woken_;
  grpc::Alarm alarm_;
  Mutex mutex_;
  bool closed_ GUARDED_BY(mutex_) = false;
  bool waking_ GUARDED_BY(mutex_) = false;  // the alarm is on its way
  std::vector<std::function<void()>> posted_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace shoal
