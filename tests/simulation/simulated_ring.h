// A ring of several nodes in a SimulatedWorld: its links have delays of their own, and faults can strike it.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "generations.h"
#include "ring/stage.h"

namespace shoal::simulation {

// A link that keeps its order whatever its delays are, while other links may overtake it. Once it is cut,
// nothing arrives.
class DelayedLink final : public PeerLink, public std::enable_shared_from_this<DelayedLink> {
 public:
  using Receiver = std::function<void(RingMessage)>;
  DelayedLink(SimulatedWorld& world, Receiver receiver) : world_(world), receiver_(std::move(receiver)) {}

  bool send(RingMessage message) override {
    if (is_cut_) return !tells_;
    const Duration delay = std::chrono::microseconds(random_between(world_.random(), 10, 20000));
    last_arrival_ = std::max(world_.now() + delay, last_arrival_ + Duration(1));
    auto shared = std::make_shared<RingMessage>(std::move(message));
    world_.at_after(last_arrival_ - world_.now(), [self = shared_from_this(), shared] {
      if (!self->is_cut_) self->receiver_(std::move(*shared));
    });
    return true;
  }

  enum class Cut : uint8_t { silent, told };
  void cut(Cut how) {
    is_cut_ = true;
    tells_ = how == Cut::told;
  }

 private:
  SimulatedWorld& world_;
  Receiver receiver_;
  TimePoint last_arrival_{};
  bool is_cut_ = false;
  bool tells_ = false;
};

struct RingShape {
  std::vector<int64_t> borders;  // the stages' first layers, then layer_count
  int64_t slot_limit;
  int64_t row_limit;
  int64_t page_capacity;
  SchedulerSettings scheduler;

  static RingShape random(std::mt19937_64& random, int64_t most_stages) {
    RingShape shape{.borders = {},
                    .slot_limit = random_between(random, 1, 8),
                    .row_limit = random_between(random, 3, 64),
                    .page_capacity = 20 + random_between(random, 0, 8) * random_between(random, 0, 5),
                    .scheduler = {.queue_limit = 64,
                                  .active_limit = random_between(random, 1, 8),
                                  .prefill_chunk = random_between(random, 1, 64)}};
    std::vector<int64_t> inner{1, 2, 3, 4, 5};
    std::ranges::shuffle(inner, random);
    inner.resize(static_cast<size_t>(random_between(random, 0, most_stages - 1)));
    std::ranges::sort(inner);
    shape.borders.push_back(0);
    shape.borders.insert(shape.borders.end(), inner.begin(), inner.end());
    shape.borders.push_back(layer_count);
    return shape;
  }
};

class SimulatedRing {
 public:
  SimulatedRing(SimulatedWorld& world, const RingShape& shape, TokenSink& sink)
      : world_(world), scheduler(shape.scheduler, world.make_loop("scheduler"), tokenizer(), sink) {
    const size_t count = shape.borders.size() - 1;
    std::vector<EngineInfo> infos;
    for (size_t i = 0; i < count; ++i) {
      EngineInfo info = HashEngine::default_info(shape.borders[i], shape.borders[i + 1]);
      info.vocabulary_size = vocabulary_size;
      info.context_length = context_length;
      info.slot_limit = shape.slot_limit;
      info.row_limit = shape.row_limit;
      info.page_tokens = 4;
      info.page_capacity = shape.page_capacity;
      infos.push_back(info);
      engines.push_back(std::make_shared<HashEngine>(info));
      loops.push_back(&world.make_loop("engine"));
    }
    for (size_t i = 1; i < count; ++i) add_stage(i, i + 1 == count);
    Ring::Settings settings;
    settings.node = "n0";
    settings.instance = "model";
    settings.limits = combine_limits(infos).value();
    ring = std::make_unique<Ring>(settings, *loops[0], world.make_loop("timer"), engines[0],
                                  count == 1 ? nullptr : link_to_stage(1), scheduler);
    scheduler.start(*ring);
  }
  ~SimulatedRing() {
    scheduler.close();
    ring->close();
    for (const auto& stage : stages) stage->close();
    for (const auto& link : links) link->cut(DelayedLink::Cut::silent);
  }

  // Lets one random fault strike the ring.
  void break_somewhere() {
    std::mt19937_64& random = world_.random();
    const size_t victim = static_cast<size_t>(random_between(random, 0, std::ssize(engines) - 1));
    const int64_t fault = random_between(random, 0, 3);
    if (fault == 0) {
      engines[victim]->fail_at_step = engines[victim]->step_count + 1;
    } else if (fault == 1) {
      ring->lose({ErrorCode::unavailable, "its heartbeats ended"});
    } else if (fault == 2 && !links.empty()) {
      const auto how = random_between(random, 0, 1) == 0 ? DelayedLink::Cut::silent : DelayedLink::Cut::told;
      links[static_cast<size_t>(random_between(random, 0, std::ssize(links) - 1))]->cut(how);
    } else {
      world_.kill(*loops[victim]);  // the node's thread hangs; its links still take messages
    }
  }

  void expect_nothing_leaked() const {
    for (const auto& engine : engines) {
      EXPECT_EQ(engine->violated, std::nullopt);
      EXPECT_EQ(engine->slots_used(), 0u);
      EXPECT_LE(engine->peak_pages, engine->info().page_capacity);
    }
    const SchedulerStatus status = scheduler.status();
    EXPECT_EQ(status.pages_used, 0);
    EXPECT_EQ(status.active, 0);
    EXPECT_EQ(status.waiting, 0);
  }

 private:
  SimulatedWorld& world_;

 public:
  Scheduler scheduler;
  std::vector<std::shared_ptr<HashEngine>> engines;
  std::vector<Loop*> loops;
  std::vector<std::shared_ptr<DelayedLink>> links;
  std::vector<std::unique_ptr<Stage>> stages;
  std::unique_ptr<Ring> ring;

 private:
  std::shared_ptr<PeerLink> add_link(DelayedLink::Receiver receiver) {
    links.push_back(std::make_shared<DelayedLink>(world_, std::move(receiver)));
    return links.back();
  }
  std::shared_ptr<PeerLink> link_to_stage(size_t index) {
    return add_link([this, index](RingMessage message) {
      stages[index - 1]->receive(std::get<StepMessage>(std::move(message)));
    });
  }
  std::shared_ptr<PeerLink> link_to_head() {
    return add_link([this](RingMessage message) {
      if (auto* result = std::get_if<StepResult>(&message)) ring->receive(std::move(*result));
      if (auto* failure = std::get_if<StepFailure>(&message)) ring->receive(std::move(*failure));
    });
  }
  void add_stage(size_t index, bool is_tail) {
    Stage::Settings settings;
    settings.node = fmt::format("n{}", index);
    settings.instance = "model";
    settings.is_tail = is_tail;
    const std::shared_ptr<PeerLink> to_head = link_to_head();
    stages.push_back(std::make_unique<Stage>(settings, *loops[index], engines[index],
                                             is_tail ? to_head : link_to_stage(index + 1), to_head));
  }
};

}  // namespace shoal::simulation
