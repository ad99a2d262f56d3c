// Reads every byte of the models that this node is asked for, at the lowest priority: nodes compare samples
// at once, and this once it is there. A thread of its own, begun when it is first needed.
#pragma once

#include <atomic>
#include <deque>
#include <stop_token>
#include <thread>

#include "base/mutex.h"
#include "store/model_store.h"

namespace shoal {

class ContentReader {
 public:
  // The store outlives this.
  explicit ContentReader(const ModelStore& store) : store_(store) {}
  // Stops in the middle of a file.
  ~ContentReader();

  // Later, and not twice at a time. Any thread.
  void ask(const ModelOnDisk& model);

 private:
  void read(const std::stop_token& stop);

  const ModelStore& store_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<ModelOnDisk> waiting_ GUARDED_BY(mutex_);
  std::atomic<bool> has_work_ = false;
  std::jthread thread_ GUARDED_BY(mutex_);
};

}  // namespace shoal
