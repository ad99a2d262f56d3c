// What the head's shard and every other stage have in common: on the engine's thread it runs one step after
// another and hands the hidden states on. Order and queues are its owner's business.
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

  // On the engine's thread. After a failure every further step is dropped: the KV is not what the head
  // believes.
  void run(StepMessage message);

  // Tells the head that step `number` failed here. Any thread.
  void report(uint64_t number, Error error);

  // Any thread.
  StageProgress progress() const;

  // Nothing is sent afterwards; an engine call that has begun ends unheard. Idempotent; any thread.
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
