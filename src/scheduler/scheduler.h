// Requests → batches → steps, on the head of an instance. Its loop is the sole owner of request state.
// Admission against the ring's pages, fairness, cancellation, preemption and replay, sampling, stop strings,
// delivery.
#pragma once

#include <cstdint>
#include <memory>

#include "base/loop.h"
#include "ring/ring.h"
#include "scheduler/generation.h"
#include "scheduler/step_trace.h"
#include "tokens/tokenizer.h"

namespace shoal {

struct SchedulerSettings {
  int64_t queue_limit = 1024;  // generations waiting for admission; more are resource_exhausted
  int64_t active_limit = 32;   // generations decoded together
  int64_t prefill_chunk =
      512;  // rows of one prefill chunk; in a ring of several stages smaller ones fill them
  std::shared_ptr<StepTrace> trace = {};  // of all steps; null: none
};

struct SchedulerStatus {
  int64_t waiting;
  int64_t active;
  int64_t pages_used;
  int64_t page_capacity;
  int64_t prompt_tokens;  // totals since the start
  int64_t completion_tokens;
  int64_t steps;
  int64_t preemptions;
};

class Scheduler final : public StepSink {
 public:
  // All outlive this. `tokenizer` serves detokenising and end tokens.
  Scheduler(SchedulerSettings settings, Loop& loop, const Tokenizer& tokenizer, TokenSink& sink);
  ~Scheduler() override;

  // Called once, before anything else: where steps go. The pipeline outlives this or its close().
  void start(StepPipeline& pipeline);

  // Answers at once: resource_exhausted, and when to try again, when the queue is full, invalid_argument when
  // the prompt does not fit the context (with both numbers). Afterwards the sink gets exactly one on_finished
  // or on_failed. Any thread.
  Result<void> submit(Generation generation);

  // Ends all choices of a request within one step; the sink hears nothing more of it. Any thread.
  void cancel(const RequestId& request);

  void on_step_done(StepOutput output) override;
  // Every generation fails with the error.
  void on_ring_lost(Error error) override;

  // Any thread.
  SchedulerStatus status() const;

  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace shoal
