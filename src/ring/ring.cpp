#include "ring/ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/check.h"
#include "ring/call_sequence.h"
#include "ring/stage_runner.h"
#include "ring/step_deadlines.h"

namespace shoal {
namespace {

// While steps are in flight the oldest is looked at this many times within the least deadline.
constexpr int64_t looks_per_deadline = 4;

struct NumberedStep {
  uint64_t number;
  Step step;
};

struct StepInFlight {
  uint64_t number;
  int64_t row_count;
  int64_t logit_row_count;
  TimePoint submitted;
  bool has_result = false;  // then only its logits are missing
};

// A step's result whose logits are still to be computed.
using ReadyResult = StepResult;

// The sum of the stages' times. Other nodes claim them, so no more is believed than the time that the whole
// step took.
Duration compute_time(const std::vector<StageTiming>& timings, Duration under_way) {
  Duration sum{0};
  for (const StageTiming& timing : timings) {
    if (timing.end_ns > timing.begin_ns && timing.begin_ns >= 0) {
      sum += std::min(Duration(timing.end_ns - timing.begin_ns), under_way);
    }
  }
  return std::min(sum, under_way);
}

}  // namespace

struct Ring::State : std::enable_shared_from_this<State> {
  // The link to the head for messages that begin on the head: its failures, and results when it is also the
  // tail.
  class HeadLink final : public PeerLink {
   public:
    explicit HeadLink(State& state) : state_(state) {}
    bool send(RingMessage message) override {
      if (auto* result = std::get_if<StepResult>(&message)) state_.receive(std::move(*result));
      if (auto* failure = std::get_if<StepFailure>(&message)) state_.receive(std::move(*failure));
      return true;
    }

   private:
    State& state_;  // owns this link, through the stage
  };

  State(Settings ring_settings, Loop& engine_thread, Loop& timer_thread, std::shared_ptr<Engine> head_engine,
        const std::shared_ptr<PeerLink>& next, StepSink& step_sink)
      : settings(std::move(ring_settings)),
        engine_loop(engine_thread),
        timer_loop(timer_thread),
        engine(std::move(head_engine)),
        sink(step_sink),
        head_link(std::make_shared<HeadLink>(*this)),
        stage({.node = settings.node,
               .instance = settings.instance,
               .epoch = settings.epoch,
               .is_tail = next == nullptr},
              engine_loop, engine, next == nullptr ? head_link : next, head_link),
        deadlines(settings.minimum_step_deadline) {}

  int64_t window() const { return std::min(2 * settings.limits.stage_count + 2, max_steps_in_flight); }
  Result<uint64_t> submit(Step step);
  void work();
  void run_layers(NumberedStep numbered);
  void compute_logits(ReadyResult ready);
  void finish(StepOutput output);
  void receive(StepResult result);
  void receive(StepFailure failure);
  void post_work();
  void start_watching();
  void watch();
  void end(Error error);
  void close();

  bool is_ours(const InstanceId& instance, const Epoch& epoch) const {
    return instance == settings.instance && epoch == settings.epoch;
  }
  Result<void> accept(const StepResult& result) REQUIRES(mutex);
  TimePoint oldest_since() const REQUIRES(mutex) {
    return std::max(in_flight.front().submitted, last_finished);
  }
  std::string suspect() const REQUIRES(mutex);

  const Settings settings;
  Loop& engine_loop;
  Loop& timer_loop;
  const std::shared_ptr<Engine> engine;
  StepSink& sink;
  const std::shared_ptr<HeadLink> head_link;
  StageRunner stage;
  CallSequence calls;  // to the sink

  Mutex mutex;
  bool ended GUARDED_BY(mutex) = false;
  bool watching GUARDED_BY(mutex) = false;
  uint64_t last_number GUARDED_BY(mutex) = 0;
  std::deque<NumberedStep> new_steps GUARDED_BY(mutex);
  std::deque<ReadyResult> results GUARDED_BY(mutex);
  std::deque<StepInFlight> in_flight GUARDED_BY(mutex);
  TimePoint last_finished GUARDED_BY(mutex){};
  StepDeadlines deadlines GUARDED_BY(mutex);
  std::map<NodeId, StageProgress> progress_of_peers GUARDED_BY(mutex);
};

Result<uint64_t> Ring::State::submit(Step step) {
  CHECK(static_cast<int64_t>(step.tokens.size()) == step.batch.row_count());
  CHECK(std::ranges::is_sorted(step.logit_rows));
  uint64_t number = 0;
  bool must_watch = false;
  {
    MutexLock lock(mutex);
    if (ended)
      return fail(ErrorCode::unavailable, fmt::format("the ring of {} has ended", settings.instance));
    if (static_cast<int64_t>(in_flight.size()) >= window()) {
      return fail(ErrorCode::resource_exhausted,
                  fmt::format("{} steps are in flight already", in_flight.size()));
    }
    number = ++last_number;
    in_flight.push_back({.number = number,
                         .row_count = step.batch.row_count(),
                         .logit_row_count = static_cast<int64_t>(step.logit_rows.size()),
                         .submitted = timer_loop.now()});
    new_steps.push_back({.number = number, .step = std::move(step)});
    must_watch = !std::exchange(watching, true);
  }
  if (must_watch) start_watching();
  post_work();
  return number;
}

// Each step and each result is one task. A task takes a result if there is one: its logits come first,
// because somebody waits for a token.
void Ring::State::post_work() {
  if (!engine_loop.post([self = shared_from_this()] { self->work(); })) {
    end({ErrorCode::unavailable, "the queue of the engine's thread is full or closed"});
  }
}

void Ring::State::work() {
  std::optional<ReadyResult> ready;
  std::optional<NumberedStep> numbered;
  {
    MutexLock lock(mutex);
    if (ended) return;
    if (!results.empty()) {
      ready = std::move(results.front());
      results.pop_front();
    } else if (!new_steps.empty()) {
      numbered = std::move(new_steps.front());
      new_steps.pop_front();
    }
  }
  if (ready) compute_logits(std::move(*ready));
  if (numbered) run_layers(std::move(*numbered));
}

void Ring::State::run_layers(NumberedStep numbered) {
  Step& step = numbered.step;
  StepMessage message{
      .instance = settings.instance,
      .epoch = settings.epoch,
      .number = numbered.number,
      .batch = std::move(step.batch),
      .result_rows = std::move(step.logit_rows),
      .hidden = std::vector<float>(step.tokens.size() * static_cast<size_t>(engine->info().hidden_size)),
      .timings = {}};
  if (!step.tokens.empty()) {
    if (Result<void> embedded = engine->embed(step.tokens, message.hidden); !embedded) {
      stage.report(message.number, embedded.error());
      return;
    }
  }
  stage.run(std::move(message));
}

void Ring::State::compute_logits(ReadyResult ready) {
  const EngineInfo& info = engine->info();
  const TimePoint begin = engine_loop.now();
  std::vector<float> logits(ready.hidden.size() / static_cast<size_t>(info.hidden_size) *
                            static_cast<size_t>(info.vocabulary_size));
  if (!logits.empty()) {
    if (Result<void> computed = engine->compute_logits(ready.hidden, logits); !computed) {
      stage.report(ready.number, computed.error());
      return;
    }
  }
  finish(
      {.number = ready.number,
       .logits = std::move(logits),
       .timings = std::move(ready.timings),
       .logits_timing = {
           .node = settings.node, .begin_ns = nanoseconds(begin), .end_ns = nanoseconds(engine_loop.now())}});
}

void Ring::State::finish(StepOutput finished) {
  auto output = std::make_shared<StepOutput>(std::move(finished));
  {
    MutexLock lock(mutex);
    if (ended) return;
    const TimePoint now = timer_loop.now();
    output->row_count = in_flight.front().row_count;
    const Duration computed = compute_time(output->timings, now - in_flight.front().submitted);
    deadlines.record(output->row_count, std::max(now - oldest_since(), computed));
    in_flight.pop_front();
    last_finished = now;
    calls.add([this, output] { sink.on_step_done(std::move(*output)); });
  }
  calls.drain();
}

Result<void> Ring::State::accept(const StepResult& result) {
  const auto step = std::ranges::find(in_flight, false, &StepInFlight::has_result);
  if (step == in_flight.end() || step->number != result.number) {
    return fail(ErrorCode::internal,
                fmt::format("the last stage sent the result of step {} where {} was due", result.number,
                            step == in_flight.end() ? "none" : std::to_string(step->number)));
  }
  const int64_t expected = step->logit_row_count * engine->info().hidden_size;
  if (static_cast<int64_t>(result.hidden.size()) != expected) {
    return fail(ErrorCode::internal, fmt::format("the result of step {} has {} values, {} were asked for",
                                                 result.number, result.hidden.size(), expected));
  }
  step->has_result = true;
  return {};
}

void Ring::State::receive(StepResult result) {
  if (!is_ours(result.instance, result.epoch)) return;
  Result<void> accepted;
  {
    MutexLock lock(mutex);
    if (ended) return;
    accepted = accept(result);
    if (accepted) results.push_back(std::move(result));
  }
  if (accepted) {
    post_work();
  } else {
    end(accepted.error());
  }
}

void Ring::State::receive(StepFailure failure) {
  if (!is_ours(failure.instance, failure.epoch)) return;
  end(std::move(failure.error));
}

void Ring::State::start_watching() {
  if (!timer_loop.post([self = weak_from_this()] {
        if (const auto state = self.lock()) state->watch();
      })) {
    end({ErrorCode::unavailable, "the thread that watches deadlines is closed or overloaded"});
  }
}

// Runs on the timer loop while steps are in flight.
void Ring::State::watch() {
  Duration delay{};
  std::optional<Error> overdue;
  {
    MutexLock lock(mutex);
    if (ended || in_flight.empty()) {
      watching = false;
      return;
    }
    const StepInFlight& oldest = in_flight.front();
    const Duration allowed = deadlines.allowed(oldest.row_count);
    const Duration left = oldest_since() + allowed - timer_loop.now();
    if (left <= Duration::zero()) {
      overdue = Error{ErrorCode::deadline_exceeded,
                      fmt::format("step {} ({} rows) of {} was not done within {:.1f} s: {}", oldest.number,
                                  oldest.row_count, settings.instance, to_seconds(allowed), suspect())};
    }
    delay = std::min<Duration>(left, settings.minimum_step_deadline / looks_per_deadline);
  }
  if (overdue) {
    end(std::move(*overdue));
    return;
  }
  const TimerId timer = timer_loop.post_after(delay, [self = weak_from_this()] {
    if (const auto state = self.lock()) state->watch();
  });
  if (timer == 0) end({ErrorCode::unavailable, "the thread that watches deadlines is closed"});
}

std::string Ring::State::suspect() const {
  const StepInFlight& oldest = in_flight.front();
  if (oldest.has_result) return fmt::format("the head {} computes its logits", settings.node);
  if (stage.progress().last_done < oldest.number)
    return fmt::format("the head {} does not move", settings.node);
  std::string stuck;
  for (const auto& [node, progress] : progress_of_peers) {
    if (progress.in_progress == oldest.number) return fmt::format("node {} does not move", node);
    if (progress.last_done < oldest.number) stuck += fmt::format("{}{}", stuck.empty() ? "" : ", ", node);
  }
  if (stuck.empty()) return fmt::format("it left the head {} and did not come back", settings.node);
  return fmt::format("it left the head {} and did not get past: {}", settings.node, stuck);
}

void Ring::State::end(Error error) {
  std::deque<NumberedStep> dropped_steps;
  std::deque<ReadyResult> dropped_results;
  {
    MutexLock lock(mutex);
    if (std::exchange(ended, true)) return;
    dropped_steps.swap(new_steps);
    dropped_results.swap(results);
    in_flight.clear();
    calls.add([this, error = std::move(error)] { sink.on_ring_lost(error); });
  }
  calls.drain();
}

void Ring::State::close() {
  std::deque<NumberedStep> dropped_steps;
  std::deque<ReadyResult> dropped_results;
  {
    MutexLock lock(mutex);
    ended = true;
    dropped_steps.swap(new_steps);
    dropped_results.swap(results);
    in_flight.clear();
  }
  stage.close();
  calls.close();
}

Ring::Ring(Settings settings, Loop& engine_loop, Loop& timer_loop, std::shared_ptr<Engine> engine,
           std::shared_ptr<PeerLink> next, StepSink& sink)
    : state_(std::make_shared<State>(std::move(settings), engine_loop, timer_loop, std::move(engine), next,
                                     sink)) {}

Ring::~Ring() { close(); }

const RingLimits& Ring::limits() const { return state_->settings.limits; }
int64_t Ring::window() const { return state_->window(); }
Result<uint64_t> Ring::submit(Step step) { return state_->submit(std::move(step)); }
void Ring::receive(StepResult result) { state_->receive(std::move(result)); }
void Ring::receive(StepFailure failure) { state_->receive(std::move(failure)); }
void Ring::lose(Error error) { state_->end(std::move(error)); }
StageProgress Ring::progress() const { return state_->stage.progress(); }
void Ring::close() { state_->close(); }

void Ring::note_progress(const NodeId& node, const StageProgress& progress) {
  MutexLock lock(state_->mutex);
  state_->progress_of_peers[node] = progress;
}

}  // namespace shoal
