#include "scheduler/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "answers/context_length.h"
#include "base/check.h"
#include "base/mutex.h"
#include "base/retry_advice.h"
#include "engine/sampler.h"
#include "ring/call_sequence.h"
#include "scheduler/batch_planner.h"
#include "scheduler/sequence.h"
#include "scheduler/wait_estimate.h"
#include "tokens/known_tokens.h"

namespace shoal {
namespace {

Result<void> check_tokens(const std::vector<TokenId>& tokens, int64_t vocabulary_size,
                          std::string_view what) {
  for (const TokenId token : tokens) {
    if (token < 0 || token >= vocabulary_size) {
      return fail(ErrorCode::invalid_argument, fmt::format("{} has token {}, the model has tokens 0 to {}",
                                                           what, token, vocabulary_size - 1));
    }
  }
  return {};
}

// The checks of a generation that need no knowledge of others.
Result<void> check_generation(const Generation& generation, const RingLimits& limits) {
  const int64_t prompt_size = std::ssize(generation.prompt);
  if (prompt_size == 0) return fail(ErrorCode::invalid_argument, "the prompt has no tokens");
  if (prompt_size >= limits.context_length) {
    return fail(too_long_prompt(std::to_string(prompt_size), limits.context_length));
  }
  if (Result<void> known = check_tokens(generation.prompt, limits.vocabulary_size, "the prompt"); !known)
    return known;
  if (Result<void> known = check_tokens(generation.delivered, limits.vocabulary_size, "the answer so far");
      !known) {
    return known;
  }
  const int64_t needed = prompt_size + std::ssize(generation.delivered);
  const int64_t held = limits.page_capacity * limits.page_tokens;
  if (needed > held) {
    return fail(ErrorCode::resource_exhausted,
                fmt::format("{} tokens are to be kept, the memory of these nodes holds {}", needed, held));
  }
  return {};
}

}  // namespace

struct Scheduler::State : std::enable_shared_from_this<State> {
  State(SchedulerSettings scheduler_settings, Loop& owner_loop, const Tokenizer& text_tokenizer,
        TokenSink& token_sink)
      : settings(std::move(scheduler_settings)),
        loop(owner_loop),
        tokenizer(text_tokenizer),
        tokens(known_tokens(text_tokenizer)),
        sink(token_sink) {}

  void start(StepPipeline& steps);
  Result<void> submit(Generation generation);
  void cancel(const RequestId& request);
  bool post(Task task);
  void close();

  // All that follow run on the loop, except that refuse() and leave() also run in submit().
  void enter(Generation generation);
  void leave(const RequestId& request);
  Error refuse() REQUIRES(mutex);
  void step_done(const StepOutput& output);
  void sample(SequenceId id, Sequence& sequence, std::span<const float> logits);
  void finish(SequenceId id, Sequence& sequence);
  void fail_sequence(SequenceId id, const Error& error);
  void drop(const RequestId& request);
  void lose(const Error& error);
  void pump();
  bool send_steps();
  Error stranded_error() const;
  void publish();

  const SchedulerSettings settings;
  Loop& loop;
  const Tokenizer& tokenizer;
  const TokenMask tokens;  // the ids that stand for a token
  TokenSink& sink;
  StepPipeline* pipeline = nullptr;  // set once, by start()
  int64_t active_limit = 0;          // set by start(), too
  CallSequence turns;  // runs every task of the loop, so that close() waits for one that has begun

  // Used only on the loop:
  std::optional<BatchPlanner> planner;
  SchedulerStatus totals{};

  mutable Mutex mutex;
  SchedulerStatus status GUARDED_BY(mutex){};
  std::map<RequestId, int64_t> live GUARDED_BY(mutex);  // number of choices that have not ended
  int64_t live_count GUARDED_BY(mutex) = 0;             // of all requests
  WaitEstimate wait GUARDED_BY(mutex);
  std::optional<Error> lost GUARDED_BY(mutex);
  bool closed GUARDED_BY(mutex) = false;
};

void Scheduler::State::start(StepPipeline& steps) {
  CHECK(pipeline == nullptr);
  pipeline = &steps;
  planner.emplace(BatchPlanner::Settings{.limits = steps.limits(),
                                         .window = steps.window(),
                                         .active_limit = settings.active_limit,
                                         .prefill_chunk = settings.prefill_chunk});
  active_limit = planner->active_limit();
  totals.page_capacity = steps.limits().page_capacity;
  publish();
}

Result<void> Scheduler::State::submit(Generation generation) {
  CHECK(pipeline != nullptr);
  if (Result<void> checked = check_generation(generation, pipeline->limits()); !checked) return checked;
  const RequestId request = generation.request;
  {
    MutexLock lock(mutex);
    if (lost) return fail(*lost);
    if (closed) return fail(ErrorCode::unavailable, "the scheduler is closed");
    if (live_count >= settings.queue_limit + active_limit) return fail(refuse());
    wait.begin(loop.now());
    ++live_count;
    ++live[request];
  }
  auto shared = std::make_shared<Generation>(std::move(generation));
  if (post([this, shared] { enter(std::move(*shared)); })) return {};
  leave(request);
  return fail(ErrorCode::unavailable, "the scheduler's queue is closed or full");
}

void Scheduler::State::cancel(const RequestId& request) {
  {
    MutexLock lock(mutex);
    if (!live.contains(request)) return;
  }
  post([this, request] {
    drop(request);
    pump();
  });
}

bool Scheduler::State::post(Task task) {
  return loop.post([self = shared_from_this(), task = std::move(task)]() mutable {
    self->turns.add(std::move(task));
    self->turns.drain();
  });
}

void Scheduler::State::close() {
  {
    MutexLock lock(mutex);
    closed = true;
  }
  turns.close();
}

void Scheduler::State::enter(Generation generation) {
  std::optional<Error> error;
  {
    MutexLock lock(mutex);
    error = lost;
  }
  totals.prompt_tokens += std::ssize(generation.prompt);
  auto sequence =
      std::make_unique<Sequence>(std::move(generation), tokenizer, pipeline->limits().context_length);
  Sequence& added = *sequence;
  const SequenceId id = planner->add(std::move(sequence));
  if (error) {
    fail_sequence(id, *error);
  } else if (added.end()) {
    finish(id, added);
  }
  pump();
}

void Scheduler::State::leave(const RequestId& request) {
  MutexLock lock(mutex);
  const auto found = live.find(request);
  if (found == live.end()) return;
  if (--found->second == 0) live.erase(found);
  --live_count;
  wait.end(loop.now());
}

Error Scheduler::State::refuse() {
  return {ErrorCode::resource_exhausted,
          fmt::format("{} answers are being made or wait for their turn, which is the limit; {}", live_count,
                      advise_retry(wait.refuse(loop.now())))};
}

void Scheduler::State::step_done(const StepOutput& output) {
  {
    MutexLock lock(mutex);
    if (lost) return;
  }
  ++totals.steps;
  if (settings.trace != nullptr) settings.trace->record(output);
  const size_t vocabulary_size = static_cast<size_t>(pipeline->limits().vocabulary_size);
  const std::vector<LogitOwner> owners = planner->finish_step(output.timings);
  CHECK(output.logits.size() == owners.size() * vocabulary_size);
  for (size_t row = 0; row < owners.size(); ++row) {
    if (Sequence* sequence = planner->find(owners[row])) {
      sample(owners[row].sequence, *sequence,
             std::span(output.logits).subspan(row * vocabulary_size, vocabulary_size));
    }
  }
  pump();
}

void Scheduler::State::sample(SequenceId id, Sequence& sequence, std::span<const float> logits) {
  const Generation& generation = sequence.generation();
  Result<SampleContext> context = sequence.sample_context();
  if (!context) return fail_sequence(id, context.error());
  // The output matrix may have more rows than there are tokens; the others are padding.
  logits = logits.first(std::min(logits.size(), static_cast<size_t>(tokenizer.vocabulary_size())));
  if (tokens.count() < tokenizer.vocabulary_size()) context->tokens = tokens.words();
  const Result<Sample> sample =
      sample_token(logits, generation.sampling, *context, generation.settings.top_logprobs);
  if (!sample) return fail_sequence(id, sample.error());
  ++totals.completion_tokens;
  if (std::optional<DeliveredToken> token = sequence.accept(*sample)) {
    sink.on_token(generation.request, generation.choice_index, std::move(*token));
  }
  if (sequence.end()) finish(id, sequence);
}

void Scheduler::State::finish(SequenceId id, Sequence& sequence) {
  const RequestId request = sequence.generation().request;
  const uint32_t choice_index = sequence.generation().choice_index;
  GenerationEnd end = *sequence.end();
  planner->remove(id);
  leave(request);
  sink.on_finished(request, choice_index, std::move(end));
}

void Scheduler::State::fail_sequence(SequenceId id, const Error& error) {
  const Sequence* sequence = planner->find(id);
  if (sequence == nullptr) return;
  const RequestId request = sequence->generation().request;
  const uint32_t choice_index = sequence->generation().choice_index;
  planner->remove(id);
  leave(request);
  sink.on_failed(request, choice_index, error);
}

void Scheduler::State::drop(const RequestId& request) {
  for (const SequenceId id : planner->all()) {
    if (planner->find(id)->generation().request != request) continue;
    planner->remove(id);
    leave(request);
  }
}

void Scheduler::State::lose(const Error& error) {
  {
    MutexLock lock(mutex);
    if (lost) return;
    lost = error;
  }
  for (const SequenceId id : planner->all()) fail_sequence(id, error);
  publish();
}

// Sends the steps that can be sent now. Called after every change.
void Scheduler::State::pump() {
  std::vector<SequenceId> stranded;
  do {
    if (!send_steps()) return;
    stranded = planner->take_stranded();
    for (const SequenceId id : stranded) fail_sequence(id, stranded_error());
  } while (!stranded.empty());
  publish();
}

// False when the ring has ended.
bool Scheduler::State::send_steps() {
  {
    MutexLock lock(mutex);
    if (lost) return false;
  }
  while (std::optional<Step> step = planner->next()) {
    if (Result<uint64_t> number = pipeline->submit(std::move(*step)); !number) {
      lose(number.error());
      return false;
    }
  }
  return true;
}

Error Scheduler::State::stranded_error() const {
  const RingLimits& limits = pipeline->limits();
  return {ErrorCode::resource_exhausted,
          fmt::format("the answer has filled all {} tokens of context that the memory of these nodes holds",
                      limits.page_capacity * limits.page_tokens)};
}

void Scheduler::State::publish() {
  MutexLock lock(mutex);
  totals.waiting = planner->waiting_count();
  totals.active = planner->active_count();
  totals.pages_used = planner->used_pages();
  totals.preemptions = planner->preemption_count();
  status = totals;
}

Scheduler::Scheduler(SchedulerSettings settings, Loop& loop, const Tokenizer& tokenizer, TokenSink& sink)
    : state_(std::make_shared<State>(std::move(settings), loop, tokenizer, sink)) {}

Scheduler::~Scheduler() { close(); }

void Scheduler::start(StepPipeline& pipeline) { state_->start(pipeline); }
Result<void> Scheduler::submit(Generation generation) { return state_->submit(std::move(generation)); }
void Scheduler::cancel(const RequestId& request) { state_->cancel(request); }
void Scheduler::close() { state_->close(); }

void Scheduler::on_step_done(StepOutput output) {
  auto shared = std::make_shared<StepOutput>(std::move(output));  // tasks may be copied, logits should not be
  state_->post([state = state_.get(), shared] { state->step_done(*shared); });
}

void Scheduler::on_ring_lost(Error error) {
  state_->post([state = state_.get(), error = std::move(error)] { state->lose(error); });
}

SchedulerStatus Scheduler::status() const {
  MutexLock lock(state_->mutex);
  return state_->status;
}

}  // namespace shoal
