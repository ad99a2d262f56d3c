// A stage is one shard's place in a ring: it takes steps in order, runs the engine and hands the hidden
// states on. This class serves all nodes but the head, whose own stage belongs to its Ring.
#pragma once

#include <memory>

#include "base/loop.h"
#include "engine/engine.h"
#include "ring/peer_link.h"

namespace shoal {

// What a stage is working on, for heartbeats: a step that does not move past its deadline shows a hang.
struct StageProgress {
  uint64_t last_done = 0;    // number of a step; 0: none yet
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
  // or from the tail to the head; `head` leads to the head, for failures.
  Stage(Settings settings, Loop& loop, std::shared_ptr<Engine> engine, std::shared_ptr<PeerLink> next,
        std::shared_ptr<PeerLink> head);
  ~Stage();

  // Never waits. A message of another instance or epoch is dropped. One that is out of order, or one too many
  // for the queue, ends the stage with a StepFailure. Any thread.
  void receive(StepMessage message);

  // Any thread.
  StageProgress progress() const;

  // After this no step begins and nothing is sent; the result of a step that the engine works on is dropped.
  // Idempotent; any thread.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace shoal
