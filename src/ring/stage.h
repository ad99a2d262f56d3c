// One shard's place in a ring, on any node: takes steps in order, runs the engine, hands the hidden states
// on. The head's own shard is a stage too.
#pragma once

#include <memory>

#include "base/loop.h"
#include "engine/engine.h"
#include "ring/peer_link.h"

namespace shoal {

// The step a stage works on, for heartbeats: a number that does not move past its deadline is a hang.
struct StageProgress {
  uint64_t last_done = 0;    // step number
  uint64_t in_progress = 0;  // 0: none
  TimePoint begun{};
};

class Stage {
 public:
  struct Settings {
    NodeId node;
    InstanceId instance;
    Epoch epoch;
    bool is_tail;
  };

  // `loop` is the engine's thread: all of the engine's work is posted there. `next` leads to the next stage,
  // or at the tail back to the head; `head` to the head, for failures.
  Stage(Settings settings, Loop& loop, std::shared_ptr<Engine> engine, std::shared_ptr<PeerLink> next,
        std::shared_ptr<PeerLink> head);
  ~Stage();

  // Any thread; never waits. A message of another epoch is dropped; one out of order is answered with a
  // StepFailure.
  void receive(StepMessage message);

  // Any thread.
  StageProgress progress() const;

  // After this nothing more is begun or sent; a step that the engine works on ends unheard. Idempotent; any
  // thread.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace shoal
