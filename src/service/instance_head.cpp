#include "service/instance_head.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "ring/ring_limits.h"

namespace shoal {

InstanceHead::InstanceHead(Surroundings surroundings, Plan plan)
    : around_(std::move(surroundings)), plan_(std::move(plan)) {}

InstanceHead::~InstanceHead() = default;

void InstanceHead::own_shard_loaded(LoadedShard shard) {
  stages_.insert_or_assign(around_.own, shard.engine->info());
  shard_ = std::move(shard);
}

void InstanceHead::stage_loaded(const NodeId& node, const EngineInfo& info) {
  if (plan_.find_stage(node) != nullptr && node != around_.own) stages_.insert_or_assign(node, info);
}

Result<bool> InstanceHead::try_begin() {
  if (is_ready() || stages_.size() < plan_.stages.size()) return false;
  std::vector<EngineInfo> infos;
  for (const PlanStage& stage : plan_.stages) infos.push_back(stages_.at(stage.node));
  Result<RingLimits> limits = combine_limits(infos);
  if (!limits) return fail(limits.error());
  std::shared_ptr<PeerLink> next;
  if (plan_.stages.size() > 1) {
    next = around_.peers.open_link(plan_.stages[1].node);
    if (next == nullptr) return fail(ErrorCode::unavailable, "no way to node " + plan_.stages[1].node);
  }
  scheduler_ = std::make_unique<Scheduler>(around_.scheduler, *around_.scheduler_loop,
                                           *shard_.text->tokenizer, static_cast<TokenSink&>(*this));
  ring_ = std::make_unique<Ring>(
      Ring::Settings{
          .node = around_.own, .instance = plan_.instance, .epoch = plan_.epoch, .limits = *limits},
      *around_.engine_loop, around_.loop.base(), shard_.engine, std::move(next),
      static_cast<StepSink&>(*this));
  around_.rings.enter(plan_, [ring = ring_.get()](RingMessage message) {
    if (auto* result = std::get_if<StepResult>(&message)) ring->receive(std::move(*result));
    if (auto* failure = std::get_if<StepFailure>(&message)) ring->receive(std::move(*failure));
  });
  scheduler_->start(*ring_);
  return true;
}

int64_t InstanceHead::context_length() const {
  CHECK(ring_ != nullptr);
  return ring_->limits().context_length;
}

Result<void> InstanceHead::submit(Generation generation) {
  CHECK(is_ready());
  return scheduler_->submit(std::move(generation));
}

void InstanceHead::cancel(const RequestId& request) {
  if (scheduler_ != nullptr) scheduler_->cancel(request);
}

SchedulerStatus InstanceHead::status() const {
  CHECK(is_ready());
  return scheduler_->status();
}

void InstanceHead::note_progress(const NodeId& node, const StageProgress& progress) {
  if (ring_ != nullptr) ring_->note_progress(node, progress);
}

StageProgress InstanceHead::progress() const {
  return ring_ == nullptr ? StageProgress{} : ring_->progress();
}

void InstanceHead::close(const Error& reason) {
  if (ring_ != nullptr) ring_->lose(reason);
  if (scheduler_ != nullptr) scheduler_->close();
  if (ring_ != nullptr) ring_->close();
}

void InstanceHead::on_token(const RequestId& request, uint32_t choice_index, DeliveredToken token) {
  tell(TokenDelivery{
      .request = request, .epoch = plan_.epoch, .choice_index = choice_index, .token = std::move(token)});
}

void InstanceHead::on_finished(const RequestId& request, uint32_t choice_index, GenerationEnd end) {
  tell(ChoiceFinished{
      .request = request, .epoch = plan_.epoch, .choice_index = choice_index, .end = std::move(end)});
}

void InstanceHead::on_failed(const RequestId& request, uint32_t, Error error) {
  tell(RequestFailed{.request = request, .epoch = plan_.epoch, .error = std::move(error)});
}

void InstanceHead::tell(AnswerMessage message) {
  around_.loop.post([events = &around_.events, message = std::move(message)]() mutable {
    events->on_answer(std::move(message));
  });
}

void InstanceHead::on_step_done(StepOutput output) { scheduler_->on_step_done(std::move(output)); }

void InstanceHead::on_ring_lost(Error error) {
  scheduler_->on_ring_lost(error);
  around_.loop.post([events = &around_.shard_events, instance = plan_.instance, epoch = plan_.epoch,
                     error = std::move(error)] { events->on_ring_lost(instance, epoch, error); });
}

}  // namespace shoal
