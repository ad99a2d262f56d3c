// Counts how many messages of each peer wait for the service's loop, so that a peer that sends faster than it
// is heard is noticed before it fills the queue that all share. Any thread.
#pragma once

#include <cstdint>
#include <map>

#include "base/ids.h"
#include "base/mutex.h"

namespace shoal {

class Inbox {
 public:
  explicit Inbox(int64_t limit_per_peer) : limit_(limit_per_peer) {}

  // False when as many messages of `from` as allowed wait already.
  bool try_enter(const NodeId& from) {
    MutexLock lock(mutex_);
    int64_t& count = waiting_[from];
    if (count >= limit_) return false;
    ++count;
    return true;
  }
  void leave(const NodeId& from) {
    MutexLock lock(mutex_);
    const auto found = waiting_.find(from);
    if (found != waiting_.end() && --found->second == 0) waiting_.erase(found);
  }

 private:
  const int64_t limit_;
  Mutex mutex_;
  std::map<NodeId, int64_t> waiting_ GUARDED_BY(mutex_);
};

}  // namespace shoal
