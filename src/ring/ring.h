// The head's side of a ring: embeds, sends steps round, and gives logits of the rows that want them. Several
// steps may be in flight. What leaves the ring goes to a StepSink.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/loop.h"
#include "engine/engine.h"
#include "ring/peer_link.h"
#include "ring/stage.h"

namespace shoal {

struct Step {
  StepBatch batch;
  std::vector<TokenId> tokens;      // [rows]
  std::vector<int32_t> logit_rows;  // ascending; rows whose logits are wanted
};

struct StepOutput {
  uint64_t number;
  std::vector<float> logits;         // [logit rows, vocabulary_size]
  std::vector<StageTiming> timings;  // of every stage, head first
  int64_t row_count = 0;
  StageTiming logits_timing{};  // on the head; where there are logits
};

// Implemented by scheduler. Called on any of the ring's threads, never by two at once: post to your own loop
// and return.
class StepSink {
 public:
  virtual ~StepSink() = default;
  virtual void on_step_done(StepOutput output) = 0;
  // The ring has ended: a peer was lost, a stage failed or a deadline passed. Called once; nothing follows.
  virtual void on_ring_lost(Error error) = 0;
};

struct RingLimits {
  int64_t slot_limit;  // the smallest of all stages
  int64_t row_limit;
  int64_t page_tokens;
  int64_t page_capacity;  // the smallest of all stages: what the scheduler admits against
  int64_t context_length;
  int64_t vocabulary_size;
  int64_t stage_count;
  bool is_exact;
};

// What a scheduler sees of a ring; a fake in its tests.
class StepPipeline {
 public:
  virtual ~StepPipeline() = default;
  virtual const RingLimits& limits() const = 0;
  // Steps that may be in flight at once.
  virtual int64_t window() const = 0;
  // Numbers the step and sends it off; never waits. Results come in the order of submission.
  // unavailable when the ring has ended, resource_exhausted when the window is full.
  virtual Result<uint64_t> submit(Step step) = 0;
};

class Ring final : public StepPipeline {
 public:
  struct Settings {
    NodeId node;
    InstanceId instance;
    Epoch epoch;
    RingLimits limits;
    // A device that serves its owner may stand still for seconds; docs/decisions/step-deadline.md.
    Duration minimum_step_deadline = std::chrono::seconds(5);
  };

  // `engine_loop` is the thread of the head's engine: embedding, the head's own layers and logits run there.
  // `timer_loop` does not compute; deadlines are watched there. `next` leads to the second stage, null in a
  // ring of one. The loops and the sink outlive this or its close().
  Ring(Settings settings, Loop& engine_loop, Loop& timer_loop, std::shared_ptr<Engine> engine,
       std::shared_ptr<PeerLink> next, StepSink& sink);
  ~Ring() override;

  const RingLimits& limits() const override;
  int64_t window() const override;
  Result<uint64_t> submit(Step step) override;

  // From the tail, or from any stage that failed. Any thread.
  void receive(StepResult result);
  void receive(StepFailure failure);

  // service learnt that a node of the ring is gone. Any thread.
  void lose(Error error);

  // From the heartbeats of another stage; a deadline that passes then names the one that did not move. Any
  // thread.
  void note_progress(const NodeId& node, const StageProgress& progress);

  // Of the head's own shard.
  StageProgress progress() const;

  // Ends the ring without calling the sink; waits for a call of it that has begun. Idempotent; any thread.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace shoal
