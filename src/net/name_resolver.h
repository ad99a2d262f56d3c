// Looks up the addresses of host names, on a thread of its own because the system's look-up blocks.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"

namespace shoal {

class NameResolver {
 public:
  // Gets numeric addresses, at least one, or unavailable when the name does not resolve.
  using Found = std::function<void(Result<std::vector<std::string>>)>;

  // Waits for a look-up that is under way, a few seconds at most.
  ~NameResolver();

  // Calls `found` on the resolver's thread, or never when the resolver ends before. False when too many names
  // wait. Any thread.
  bool resolve(std::string name, Found found);

 private:
  struct Question {
    std::string name;
    Found found;
  };
  void run();
  bool take(Question& question);

  Mutex mutex_;
  ConditionVariable changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::deque<Question> questions_ GUARDED_BY(mutex_);
  std::jthread thread_ GUARDED_BY(mutex_);  // from the first question on
};

}  // namespace shoal
