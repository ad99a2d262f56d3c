#include "ring/stage.h"

#include <fmt/format.h>

#include <deque>
#include <utility>

#include "ring/stage_runner.h"

namespace shoal {

struct Stage::State : std::enable_shared_from_this<State> {
  State(Settings stage_settings, Loop& engine_loop, std::shared_ptr<Engine> engine,
        std::shared_ptr<PeerLink> next, std::shared_ptr<PeerLink> head)
      : settings(std::move(stage_settings)),
        loop(engine_loop),
        runner(settings, loop, std::move(engine), std::move(next), std::move(head)) {}

  // Queues `message`, or says why the stage cannot take it.
  Result<void> take(StepMessage message) {
    MutexLock lock(mutex);
    if (message.number != last_received + 1) {
      return fail(ErrorCode::internal, fmt::format("it came where step {} was expected", last_received + 1));
    }
    if (static_cast<int64_t>(waiting.size()) >= max_steps_in_flight) {
      return fail(ErrorCode::resource_exhausted,
                  fmt::format("{} steps wait here already, which is the limit", waiting.size()));
    }
    last_received = message.number;
    waiting.push_back(std::move(message));
    return {};
  }

  void run_one() {
    StepMessage message;
    {
      MutexLock lock(mutex);
      if (ended || waiting.empty()) return;
      message = std::move(waiting.front());
      waiting.pop_front();
    }
    runner.run(std::move(message));
  }

  // False when it had already ended.
  bool end() {
    std::deque<StepMessage> dropped;
    MutexLock lock(mutex);
    dropped.swap(waiting);
    return !std::exchange(ended, true);
  }

  bool has_ended() {
    MutexLock lock(mutex);
    return ended;
  }

  const Settings settings;
  Loop& loop;
  StageRunner runner;
  Mutex mutex;
  std::deque<StepMessage> waiting GUARDED_BY(mutex);
  uint64_t last_received GUARDED_BY(mutex) = 0;
  bool ended GUARDED_BY(mutex) = false;
};

Stage::Stage(Settings settings, Loop& loop, std::shared_ptr<Engine> engine, std::shared_ptr<PeerLink> next,
             std::shared_ptr<PeerLink> head)
    : state_(std::make_shared<State>(std::move(settings), loop, std::move(engine), std::move(next),
                                     std::move(head))) {}

Stage::~Stage() { close(); }

void Stage::receive(StepMessage message) {
  State& state = *state_;
  if (message.instance != state.settings.instance || message.epoch != state.settings.epoch) return;
  if (state.has_ended()) return;
  const uint64_t number = message.number;
  Result<void> taken = state.take(std::move(message));
  if (taken && !state.loop.post([shared = state_] { shared->run_one(); })) {
    taken = fail(ErrorCode::resource_exhausted, "the queue of the engine's thread is full or closed");
  }
  if (!taken && state.end()) state.runner.report(number, taken.error());
}

StageProgress Stage::progress() const { return state_->runner.progress(); }

void Stage::close() {
  state_->end();
  state_->runner.close();
}

}  // namespace shoal
