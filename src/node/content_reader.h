// Reads every byte of the models that this node is asked for, at the lowest priority, to know their full
// content: nodes compare samples at first, and the whole when it is known. It has a thread of its own, which
// starts when it is first needed.
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
  // The store must outlive this object.
  explicit ContentReader(const ModelStore& store) : store_(store) {}
  // Stops even in the middle of a file.
  ~ContentReader();

  // Has the model read later; does nothing while it is waiting already. Any thread.
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
