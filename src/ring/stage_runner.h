// The part that the head's own shard shares with every other stage: on the engine's thread it runs one step
// after another and hands the hidden states on. Its owner takes care of order and queues.
#pragma once

#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/mutex.h"
#include "ring/call_sequence.h"
#include "ring/stage.h"

namespace shoal {

class StageRunner {
 public:
  StageRunner(Stage::Settings settings, const Clock& clock, std::shared_ptr<Engine> engine,
              std::shared_ptr<PeerLink> next, std::shared_ptr<PeerLink> head);

  // Runs a step on the engine's thread. After a failure every further step is dropped, because the KV is not
  // what the head believes.
  void run(StepMessage message);

  // Tells the head that step `number` failed here, and ends this runner. Any thread.
  void report(uint64_t number, Error error);

  // Any thread.
  StageProgress progress() const;

  // After this nothing is sent; the result of an engine call that has begun is dropped. Idempotent; any
  // thread.
  void close();

 private:
  Result<void> check(const StepMessage& message) const;
  Result<void> step(StepMessage& message);
  RingMessage outgoing(StepMessage message) const;

  const Stage::Settings settings_;
  const Clock& clock_;
  const std::shared_ptr<Engine> engine_;
  const std::shared_ptr<PeerLink> next_;
  const std::shared_ptr<PeerLink> head_;
  CallSequence sends_;
  mutable Mutex mutex_;
  StageProgress progress_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;  // closed, or a step failed
};

}  // namespace shoal
