// Turns requests into batches and steps, on the head of an instance: admission against the ring's pages,
// fairness, cancellation, preemption and replay, sampling, stop strings, delivery. Its loop is the only owner
// of request state.
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
  int64_t queue_limit = 1024;             // generations waiting for admission; more are resource_exhausted
  int64_t active_limit = 32;              // generations decoded together
  int64_t prefill_chunk = 512;            // the most rows of a chunk; a ring of several stages may use fewer
  std::shared_ptr<StepTrace> trace = {};  // null: steps are not recorded
};

struct SchedulerStatus {
  int64_t waiting;
  int64_t active;
  int64_t pages_used;
  int64_t page_capacity;
  int64_t prompt_tokens;  // this and all that follow: totals since the start
  int64_t completion_tokens;
  int64_t steps;
  int64_t preemptions;
};

class Scheduler final : public StepSink {
 public:
  // The loop, tokenizer and sink must outlive this object. The tokenizer detokenises and knows the end
  // tokens.
  Scheduler(SchedulerSettings settings, Loop& loop, const Tokenizer& tokenizer, TokenSink& sink);
  ~Scheduler() override;

  // Says where steps go. Called once, before anything else. The pipeline must outlive this object or its
  // close().
  void start(StepPipeline& pipeline);

  // Takes the generation or answers at once: resource_exhausted when the queue is full (with the time to try
  // again) or the memory cannot hold its tokens; invalid_argument when the prompt is empty, has unknown
  // tokens or does not fit the context (with both numbers); unavailable when closed, the ring's error when it
  // is lost. After success the sink gets exactly one on_finished or on_failed, unless cancel() or close()
  // comes first. Any thread.
  Result<void> submit(Generation generation);

  // Ends all choices of a request in the loop's next task; from then on the sink hears nothing more of it.
  // Any thread.
  void cancel(const RequestId& request);

  void on_step_done(StepOutput output) override;
  // Fails every generation with the error.
  void on_ring_lost(Error error) override;

  // The state after the loop's last change. Any thread.
  SchedulerStatus status() const;

  // Ends everything without calling the sink, and waits for a call of it that has begun. Idempotent.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace shoal
