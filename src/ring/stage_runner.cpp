#include "ring/stage_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace shoal {
namespace {

// The hidden states of the given rows, [rows.size(), hidden_size].
std::vector<float> gather_rows(const std::vector<float>& hidden, const std::vector<int32_t>& rows,
                               int64_t hidden_size) {
  std::vector<float> gathered;
  gathered.reserve(rows.size() * static_cast<size_t>(hidden_size));
  for (const int32_t row : rows) {
    const auto begin = hidden.begin() + row * hidden_size;
    gathered.insert(gathered.end(), begin, begin + hidden_size);
  }
  return gathered;
}

}  // namespace

StageRunner::StageRunner(Stage::Settings settings, const Clock& clock, std::shared_ptr<Engine> engine,
                         std::shared_ptr<PeerLink> next, std::shared_ptr<PeerLink> head)
    : settings_(std::move(settings)),
      clock_(clock),
      engine_(std::move(engine)),
      next_(std::move(next)),
      head_(std::move(head)) {
  CHECK(engine_ != nullptr && next_ != nullptr && head_ != nullptr);
}

void StageRunner::run(StepMessage message) {
  const uint64_t number = message.number;
  {
    MutexLock lock(mutex_);
    if (ended_) return;
    progress_.in_progress = number;
    progress_.begun = clock_.now();
  }
  const Result<void> done = step(message);
  {
    MutexLock lock(mutex_);
    progress_.in_progress = 0;
    if (done) progress_.last_done = number;
  }
  if (!done) {
    report(number, done.error());
    return;
  }
  sends_.add([this, number, outgoing = std::make_shared<RingMessage>(outgoing(std::move(message)))] {
    if (!next_->send(std::move(*outgoing))) {
      report(number, {ErrorCode::unavailable, "the link to the next node of the ring is broken"});
    }
  });
  sends_.drain();
}

void StageRunner::report(uint64_t number, Error error) {
  const EngineInfo& info = engine_->info();
  error.message = fmt::format("node {} (layers {} to {}), step {}: {}", settings_.node, info.first_layer,
                              info.end_layer - 1, number, error.message);
  {
    MutexLock lock(mutex_);
    if (std::exchange(ended_, true)) return;
  }
  StepFailure failure{.instance = settings_.instance,
                      .epoch = settings_.epoch,
                      .number = number,
                      .node = settings_.node,
                      .error = std::move(error)};
  // If this does not arrive, a deadline tells the head.
  sends_.add([this, failure = std::move(failure)] { head_->send(failure); });
  sends_.drain();
}

StageProgress StageRunner::progress() const {
  MutexLock lock(mutex_);
  return progress_;
}

void StageRunner::close() {
  {
    MutexLock lock(mutex_);
    ended_ = true;
  }
  sends_.close();
}

Result<void> StageRunner::check(const StepMessage& message) const {
  const EngineInfo& info = engine_->info();
  int64_t rows = 0;
  for (const SequenceRows& sequence : message.batch.sequences) {
    if (sequence.row_count < 0 || sequence.row_count > info.row_limit - rows) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} rows for slot {} behind {} others, at most {} rows fit", sequence.row_count,
                              sequence.slot, rows, info.row_limit));
    }
    rows += sequence.row_count;
  }
  if (static_cast<int64_t>(message.hidden.size()) != rows * info.hidden_size) {
    return fail(ErrorCode::invalid_argument, fmt::format("{} hidden values for {} rows of {}",
                                                         message.hidden.size(), rows, info.hidden_size));
  }
  int64_t first_allowed = 0;
  for (const int32_t row : message.result_rows) {
    if (row < first_allowed || row >= rows) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("result row {} where {} to {} would be right", row, first_allowed, rows - 1));
    }
    first_allowed = row + 1;
  }
  return {};
}

Result<void> StageRunner::step(StepMessage& message) {
  const TimePoint begin = clock_.now();
  if (Result<void> checked = check(message); !checked) return checked;
  if (Result<void> stepped = engine_->step(message.batch, message.hidden); !stepped) return stepped;
  message.timings.push_back(
      {.node = settings_.node, .begin_ns = nanoseconds(begin), .end_ns = nanoseconds(clock_.now())});
  return {};
}

RingMessage StageRunner::outgoing(StepMessage message) const {
  if (!settings_.is_tail) return message;
  const int64_t hidden_size = engine_->info().hidden_size;
  return StepResult{.instance = std::move(message.instance),
                    .epoch = std::move(message.epoch),
                    .number = message.number,
                    .hidden = gather_rows(message.hidden, message.result_rows, hidden_size),
                    .timings = std::move(message.timings)};
}

}  // namespace shoal
