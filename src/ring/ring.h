// The head's side of a ring: embeds tokens, sends steps round the ring, and computes logits of the rows that
// want them. Several steps may be in flight. Results go to a StepSink.
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
  std::vector<int32_t> logit_rows;  // ascending; the rows whose logits are wanted
};

struct StepOutput {
  uint64_t number;
  std::vector<float> logits;         // [logit rows, vocabulary_size]
  std::vector<StageTiming> timings;  // of every stage, head first
  int64_t row_count = 0;
  StageTiming logits_timing{};  // when the head computed the logits; meaningful only if there are any
};

// Implemented by scheduler. Called on any of the ring's threads, never by two at once. An implementation
// posts to its own loop and returns.
class StepSink {
 public:
  virtual ~StepSink() = default;
  virtual void on_step_done(StepOutput output) = 0;
  // The ring has ended, because a peer was lost, a stage failed or a deadline passed. Called at most once; no
  // other call follows.
  virtual void on_ring_lost(Error error) = 0;
};

struct RingLimits {
  int64_t slot_limit;  // this and row_limit: the smallest of all stages
  int64_t row_limit;
  int64_t page_tokens;
  int64_t page_capacity;  // the smallest of all stages; the scheduler admits against it
  int64_t context_length;
  int64_t vocabulary_size;
  int64_t stage_count;
  bool is_exact;
};

// What a scheduler sees of a ring. Its tests use a fake.
class StepPipeline {
 public:
  virtual ~StepPipeline() = default;
  virtual const RingLimits& limits() const = 0;
  // How many steps may be in flight at once.
  virtual int64_t window() const = 0;
  // Numbers the step from 1, sends it off and returns the number; never waits. Results come in the order of
  // submission. unavailable when the ring has ended, resource_exhausted when the window is full.
  virtual Result<uint64_t> submit(Step step) = 0;
};

class Ring final : public StepPipeline {
 public:
  struct Settings {
    NodeId node;
    InstanceId instance;
    Epoch epoch;
    RingLimits limits;
    // Generous, because a device that also serves its owner may stand still for seconds;
    // docs/decisions/step-deadline.md.
    Duration minimum_step_deadline = std::chrono::seconds(5);
  };

  // `engine_loop` is the thread of the head's engine: embedding, the head's own layers and logits run there.
  // `timer_loop` watches deadlines and never computes. `next` leads to the second stage and is null in a ring
  // of one. The loops and the sink must outlive this object or its close().
  Ring(Settings settings, Loop& engine_loop, Loop& timer_loop, std::shared_ptr<Engine> engine,
       std::shared_ptr<PeerLink> next, StepSink& sink);
  ~Ring() override;

  const RingLimits& limits() const override;
  int64_t window() const override;
  Result<uint64_t> submit(Step step) override;

  // The result comes from the tail, a failure from any stage. Messages of another instance or epoch are
  // ignored. Any thread.
  void receive(StepResult result);
  void receive(StepFailure failure);

  // Ends the ring with this error: service has learnt that one of its nodes is gone. Any thread.
  void lose(Error error);

  // What another stage's heartbeat says; the error of a deadline that passes later names the stage that did
  // not move. Any thread.
  void note_progress(const NodeId& node, const StageProgress& progress);

  // The progress of the head's own shard. Any thread.
  StageProgress progress() const;

  // Ends the ring without calling the sink, and waits for a call of the sink that has begun, unless it is
  // this thread's own. Idempotent; any thread.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace shoal
