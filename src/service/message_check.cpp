#include "service/message_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace shoal {
namespace {

const Judgement heard{.hearing = Hearing::heard, .reason = {}};
const Judgement stale{.hearing = Hearing::stale, .reason = {}};

Judgement refuse(std::string reason) { return {.hearing = Hearing::refused, .reason = std::move(reason)}; }

class Judge {
 public:
  Judge(const PlanPromises& promises, const NodeId& own, const NodeId& from)
      : promises_(promises), own_(own), from_(from) {}

  Judgement operator()(const PreparePlan& message) const {
    const NodeId& proposer = message.plan.epoch.proposer;
    return proposer == from_ ? heard : refuse(fmt::format("a plan that {} proposes", proposer));
  }
  Judgement operator()(const CommitPlan& message) const {
    const PromisedPlan* promised = find(message);
    if (promised == nullptr) return stale;
    return promised->proposer == from_ ? heard : refuse("a commit of another's plan");
  }
  Judgement operator()(const ReleasePlan& message) const {
    // A proposal of this node's own is looked up where it is kept.
    const PromisedPlan* promised = find(message);
    if (promised == nullptr) return heard;
    return has_part(*promised) ? heard : refuse("the end of a plan that it has no part in");
  }
  Judgement operator()(const ShardLoaded& message) const {
    const PromisedPlan* promised = find(message);
    if (promised == nullptr) return stale;
    const PlanStage* stage = promised->plan.find_stage(from_);
    if (stage == nullptr) return refuse("a loaded shard of a plan that it has no part in");
    if (promised->plan.head() != own_) return refuse("a loaded shard, which is for the plan's head");
    if (!message.outcome) return heard;
    const EngineInfo& info = *message.outcome;
    const bool is_its_own =
        info.first_layer == stage->first_layer && info.end_layer == stage->end_layer && !info.is_head;
    return is_its_own
               ? heard
               : refuse(fmt::format("a shard of layers {}-{} where the plan gives it {}-{}", info.first_layer,
                                    info.end_layer - 1, stage->first_layer, stage->end_layer - 1));
  }

  Judgement operator()(const StepMessage& message) const {
    const PromisedPlan* promised = find(message);
    if (promised == nullptr) return stale;
    const std::vector<PlanStage>& stages = promised->plan.stages;
    const auto here = std::ranges::find(stages, own_, &PlanStage::node);
    const bool is_before = here != stages.end() && here != stages.begin() && std::prev(here)->node == from_;
    if (!is_before) return refuse("a step, and is not the stage before this one");
    return timings_are_plausible(promised->plan, message.timings);
  }
  Judgement operator()(const StepResult& message) const {
    const PromisedPlan* promised = find(message);
    if (promised == nullptr) return stale;
    if (promised->plan.head() != own_) return refuse("a step's result, which is for the plan's head");
    if (promised->plan.stages.back().node != from_)
      return refuse("a step's result, and is not the last stage");
    return timings_are_plausible(promised->plan, message.timings);
  }
  Judgement operator()(const StepFailure& message) const {
    const PromisedPlan* promised = find(message);
    if (promised == nullptr) return stale;
    if (promised->plan.head() != own_) return refuse("a step's failure, which is for the plan's head");
    if (promised->plan.find_stage(from_) == nullptr) return refuse("a step's failure, and is no stage");
    if (message.node != from_) return refuse(fmt::format("a step's failure in the name of {}", message.node));
    return heard;
  }

  // From anybody, or from whom the receiver has asked, which it knows itself.
  Judgement operator()(const Heartbeat&) const { return heard; }
  Judgement operator()(const DescribeModel&) const { return heard; }
  Judgement operator()(const ModelDescribed&) const { return heard; }
  Judgement operator()(const PlanPrepared&) const { return heard; }
  Judgement operator()(const SubmitRequest&) const { return heard; }
  Judgement operator()(const RequestAccepted&) const { return heard; }
  Judgement operator()(const TokenDelivery&) const { return heard; }
  Judgement operator()(const ChoiceFinished&) const { return heard; }
  Judgement operator()(const RequestFailed&) const { return heard; }
  Judgement operator()(const CancelRequest&) const { return heard; }
  Judgement operator()(const UnloadModel&) const { return heard; }
  Judgement operator()(const ModelUnloaded&) const { return heard; }
  Judgement operator()(const Goodbye&) const { return heard; }

 private:
  // The plan that the message speaks of, when it is held here.
  template <class Message>
  const PromisedPlan* find(const Message& message) const {
    const PromisedPlan* promised = promises_.find(message.instance);
    return promised != nullptr && promised->plan.epoch == message.epoch ? promised : nullptr;
  }
  bool has_part(const PromisedPlan& promised) const {
    return promised.proposer == from_ || promised.plan.find_stage(from_) != nullptr;
  }
  static Judgement timings_are_plausible(const Plan& plan, const std::vector<StageTiming>& timings) {
    return timings.size() <= plan.stages.size() ? heard : refuse("a step with more timings than stages");
  }

  const PlanPromises& promises_;
  const NodeId& own_;
  const NodeId& from_;
};

}  // namespace

Judgement judge_message(const PlanPromises& promises, const NodeId& own, const NodeId& from,
                        const PeerMessage& message) {
  return std::visit(Judge(promises, own, from), message);
}

Judgement judge_message(const PlanPromises& promises, const NodeId& own, const NodeId& from,
                        const RingMessage& message) {
  return std::visit(Judge(promises, own, from), message);
}

}  // namespace shoal
