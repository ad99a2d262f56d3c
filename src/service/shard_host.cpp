#include "service/shard_host.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace shoal {
namespace {

int64_t weight_bytes(const ModelDemand& demand, const PlanStage& stage, bool is_head) {
  int64_t bytes = is_head ? demand.head_bytes : 0;
  for (int64_t layer = stage.first_layer; layer < stage.end_layer; ++layer) {
    bytes += demand.layer_bytes[static_cast<size_t>(layer)];
  }
  return bytes;
}

}  // namespace

ShardHost::ShardHost(Surroundings surroundings, const PromisedPlan& promised, ShardEvents& events)
    : around_(std::move(surroundings)),
      plan_(promised.plan),
      stage_(*promised.plan.find_stage(around_.own)),
      events_(events),
      bytes_total_(weight_bytes(promised.demand, stage_, promised.plan.head() == around_.own)),
      held_bytes_(promised.reserved_bytes) {
  engine_loop_ = around_.loops.make_loop("engine");
  if (plan_.head() == around_.own) {
    scheduler_loop_ = around_.loops.make_loop("scheduler");
    head_ = std::make_unique<InstanceHead>(InstanceHead::Surroundings{.own = around_.own,
                                                                      .loop = around_.loop,
                                                                      .engine_loop = engine_loop_,
                                                                      .scheduler_loop = scheduler_loop_,
                                                                      .peers = around_.peers,
                                                                      .rings = around_.rings,
                                                                      .scheduler = around_.scheduler,
                                                                      .events = around_.instance_events,
                                                                      .shard_events = events_},
                                           plan_);
  }
}

void ShardHost::start_loading() {
  CHECK(state_ == State::waiting);
  state_ = State::loading;
  load_is_running_ = true;
  auto progress = [loop = around_.loop, weak = weak_from_this()](LoadProgress now) {
    loop.post([weak, now] {
      if (const auto self = weak.lock()) self->load_progressed(now);
    });
  };
  // This keeps the host until its load has ended, so that a shard that comes too late is destroyed with it.
  auto done = [loop = around_.loop, self = shared_from_this()](Result<LoadedShard> loaded) {
    auto result = std::make_shared<Result<LoadedShard>>(std::move(loaded));
    loop.post([self, result] { self->load_ended(std::move(*result)); });
  };
  around_.engines.load(plan_, stage_, stop_.get_token(), std::move(progress), std::move(done));
}

void ShardHost::load_progressed(const LoadProgress& progress) {
  if (state_ != State::loading) return;
  bytes_loaded_ = progress.bytes_done;
  bytes_total_ = progress.bytes_total;
}

void ShardHost::load_ended(Result<LoadedShard> loaded) {
  load_is_running_ = false;
  if (state_ == State::closed) {
    if (loaded) engine_ = std::move(loaded->engine);  // freed on the thread that destroys this host
    events_.on_load_ended();
    return;
  }
  Result<EngineInfo> taken = loaded ? take(*std::move(loaded)) : fail(loaded.error());
  state_ = taken ? State::loaded : State::failed;
  events_.on_load_ended();
  events_.on_shard_loaded(plan_.instance, plan_.epoch, std::move(taken));
}

Result<EngineInfo> ShardHost::take(LoadedShard loaded) {
  engine_ = loaded.engine;
  text_ = loaded.text;
  if (loaded.held_bytes > 0) held_bytes_ = loaded.held_bytes;
  bytes_loaded_ = bytes_total_;
  const EngineInfo info = engine_->info();
  if (head_ != nullptr) {
    if (loaded.text == nullptr || loaded.text->tokenizer == nullptr) {
      return fail(ErrorCode::corrupt_data, fmt::format("{} has no tokenizer", plan_.instance));
    }
    head_->own_shard_loaded(std::move(loaded));
    return info;
  }
  const bool is_tail = plan_.stages.back().node == around_.own;
  std::shared_ptr<PeerLink> to_head = around_.peers.open_link(plan_.head());
  std::shared_ptr<PeerLink> next = to_head;
  if (!is_tail) {
    for (size_t i = 0; i + 1 < plan_.stages.size(); ++i) {
      if (plan_.stages[i].node == around_.own) next = around_.peers.open_link(plan_.stages[i + 1].node);
    }
  }
  if (to_head == nullptr || next == nullptr) {
    return fail(ErrorCode::unavailable, fmt::format("node {} has no way to its neighbours", around_.own));
  }
  running_stage_ = std::make_unique<Stage>(
      Stage::Settings{
          .node = around_.own, .instance = plan_.instance, .epoch = plan_.epoch, .is_tail = is_tail},
      *engine_loop_, engine_, std::move(next), std::move(to_head));
  around_.rings.enter(plan_, [stage = running_stage_.get()](RingMessage message) {
    if (auto* step = std::get_if<StepMessage>(&message)) stage->receive(std::move(*step));
  });
  return info;
}

StageProgress ShardHost::progress() const {
  if (running_stage_ != nullptr) return running_stage_->progress();
  return head_ == nullptr ? StageProgress{} : head_->progress();
}

void ShardHost::close(const Error& reason) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  stop_.request_stop();
  around_.rings.leave(plan_.instance, plan_.epoch);
  if (head_ != nullptr) head_->close(reason);
  if (running_stage_ != nullptr) running_stage_->close();
}

}  // namespace shoal
