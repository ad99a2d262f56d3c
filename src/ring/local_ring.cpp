#include "ring/local_ring.h"

#include <fmt/format.h>

#include <functional>
#include <utility>

#include "ring/ring_limits.h"

namespace shoal {
namespace {

// No stage can be lost here; one that stands still only waits for the processors of a busy machine.
constexpr Duration patience = std::chrono::minutes(10);

class CallLink final : public PeerLink {
 public:
  explicit CallLink(std::function<void(RingMessage)> call) : call_(std::move(call)) {}
  bool send(RingMessage message) override {
    call_(std::move(message));
    return true;
  }

 private:
  std::function<void(RingMessage)> call_;
};

}  // namespace

struct LocalRing::State {
  std::vector<std::unique_ptr<ThreadLoop>> loops;  // one per stage
  std::unique_ptr<ThreadLoop> timer_loop;
  std::vector<std::unique_ptr<Stage>> stages;  // all but the head's, which the ring owns
  std::unique_ptr<Ring> ring;

  std::shared_ptr<PeerLink> link_to_stage(size_t index) {
    return std::make_shared<CallLink>([this, index](RingMessage message) {
      if (auto* step = std::get_if<StepMessage>(&message)) stages[index]->receive(std::move(*step));
    });
  }

  std::shared_ptr<PeerLink> link_to_head() {
    return std::make_shared<CallLink>([this](RingMessage message) {
      if (auto* result = std::get_if<StepResult>(&message)) ring->receive(std::move(*result));
      if (auto* failure = std::get_if<StepFailure>(&message)) ring->receive(std::move(*failure));
    });
  }
};

LocalRing::LocalRing() : state_(std::make_unique<State>()) {}
LocalRing::~LocalRing() { close(); }
Ring& LocalRing::ring() { return *state_->ring; }

Result<std::unique_ptr<LocalRing>> LocalRing::make(InstanceId instance,
                                                   std::vector<std::shared_ptr<Engine>> engines,
                                                   StepSink& sink) {
  std::vector<EngineInfo> infos;
  for (const auto& engine : engines) infos.push_back(engine->info());
  Result<RingLimits> limits = combine_limits(infos);
  if (!limits) return fail(limits.error(), "local ring");

  std::unique_ptr<LocalRing> local(new LocalRing());
  State& state = *local->state_;
  const Epoch epoch{.counter = 1, .proposer = "local"};
  const size_t count = engines.size();
  state.timer_loop = std::make_unique<ThreadLoop>("ring timer");
  for (size_t i = 0; i < count; ++i) {
    state.loops.push_back(std::make_unique<ThreadLoop>(fmt::format("stage {}", i)));
  }
  for (size_t i = 1; i < count; ++i) {
    const bool is_tail = i + 1 == count;
    state.stages.push_back(std::make_unique<Stage>(
        Stage::Settings{
            .node = fmt::format("local{}", i), .instance = instance, .epoch = epoch, .is_tail = is_tail},
        *state.loops[i], engines[i], is_tail ? state.link_to_head() : state.link_to_stage(i),
        state.link_to_head()));
  }
  state.ring = std::make_unique<Ring>(Ring::Settings{.node = "local0",
                                                     .instance = std::move(instance),
                                                     .epoch = epoch,
                                                     .limits = *limits,
                                                     .minimum_step_deadline = patience},
                                      *state.loops[0], *state.timer_loop, engines[0],
                                      count == 1 ? nullptr : state.link_to_stage(0), sink);
  return local;
}

void LocalRing::close() {
  state_->ring->close();
  for (const auto& stage : state_->stages) stage->close();
  for (const auto& loop : state_->loops) loop->stop();
  state_->timer_loop->stop();
}

}  // namespace shoal
