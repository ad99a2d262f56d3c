#include "ring/call_sequence.h"

#include <utility>

namespace shoal {

void CallSequence::add(Task call) {
  MutexLock lock(mutex_);
  if (!closed_) calls_.push_back(std::move(call));
}

void CallSequence::drain() {
  mutex_.lock();
  if (runner_ != std::thread::id()) {
    mutex_.unlock();
    return;
  }
  runner_ = std::this_thread::get_id();
  while (!calls_.empty()) {
    Task call = std::move(calls_.front());
    calls_.pop_front();
    mutex_.unlock();
    call();
    call = nullptr;  // destroy what it holds without the lock, too
    mutex_.lock();
  }
  runner_ = std::thread::id();
  mutex_.unlock();
  idle_.notify_all();
}

void CallSequence::close() {
  std::deque<Task> dropped;
  mutex_.lock();
  closed_ = true;
  dropped.swap(calls_);
  while (runner_ != std::thread::id() && runner_ != std::this_thread::get_id()) idle_.wait(mutex_);
  mutex_.unlock();
}

}  // namespace shoal
