// A client that lets a test's thread wait for its answers.
#pragma once

#include "base/mutex.h"
#include "generations.h"

namespace shoal::simulation {

class WaitingClient final : public TokenSink {
 public:
  void on_token(const RequestId& request, uint32_t choice_index, DeliveredToken token) override {
    MutexLock lock(mutex_);
    client_.on_token(request, choice_index, std::move(token));
  }
  void on_finished(const RequestId& request, uint32_t choice_index, GenerationEnd end) override {
    {
      MutexLock lock(mutex_);
      client_.on_finished(request, choice_index, std::move(end));
    }
    changed_.notify_all();
  }
  void on_failed(const RequestId& request, uint32_t choice_index, Error error) override {
    {
      MutexLock lock(mutex_);
      client_.on_failed(request, choice_index, std::move(error));
    }
    changed_.notify_all();
  }

  Heard wait_for_end(const Choice& choice) {
    MutexLock lock(mutex_);
    while (client_.heard_of[choice].end_count() == 0) changed_.wait(mutex_);
    return client_.heard_of[choice];
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  Client client_ GUARDED_BY(mutex_);
};

}  // namespace shoal::simulation
