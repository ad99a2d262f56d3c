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
    // It may be about a proposal of this node, which Proposals checks itself.
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

  // Anybody may send these, or the receiver itself checks that it has asked the sender.
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
  // The plan that the message is about, if it is held here.
  template <class Message>
  const PromisedPlan* find(const Message& message) const {
    const PromisedPlan* promised = promises_.find(message.instance);
    return promised != nullptr && promised->plan.epoch == message.epoch ? promised : nullptr;
  }
  bool has_part(const PromisedPlan& promised) const {
    return promised.proposer == from_ || promised.plan.find_stage(from_) != nullptr;
  }

  const PlanPromises& promises_;
  const NodeId& own_;
  const NodeId& from_;
};

// Judges messages that belong to the ring of `plan`.
class RingJudge {
 public:
  RingJudge(const Plan& plan, const NodeId& own, const NodeId& from) : plan_(plan), own_(own), from_(from) {}

  Judgement operator()(const StepMessage& message) const {
    const auto here = std::ranges::find(plan_.stages, own_, &PlanStage::node);
    const bool is_before =
        here != plan_.stages.end() && here != plan_.stages.begin() && std::prev(here)->node == from_;
    if (!is_before) return refuse("a step, and is not the stage before this one");
    return timings_are_plausible(message.timings);
  }
  Judgement operator()(const StepResult& message) const {
    if (plan_.head() != own_) return refuse("a step's result, which is for the plan's head");
    if (plan_.stages.back().node != from_) return refuse("a step's result, and is not the last stage");
    return timings_are_plausible(message.timings);
  }
  Judgement operator()(const StepFailure& message) const {
    if (plan_.head() != own_) return refuse("a step's failure, which is for the plan's head");
    if (plan_.find_stage(from_) == nullptr) return refuse("a step's failure, and is no stage");
    if (message.node != from_) return refuse(fmt::format("a step's failure in the name of {}", message.node));
    return heard;
  }

 private:
  Judgement timings_are_plausible(const std::vector<StageTiming>& timings) const {
    return timings.size() <= plan_.stages.size() ? heard : refuse("a step with more timings than stages");
  }

  const Plan& plan_;
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
  const auto [instance, epoch] =
      std::visit([](const auto& m) { return std::pair(m.instance, m.epoch); }, message);
  const PromisedPlan* promised = promises.find(instance);
  if (promised == nullptr || promised->plan.epoch != epoch) return stale;
  return judge_message(promised->plan, own, from, message);
}

Judgement judge_message(const Plan& plan, const NodeId& own, const NodeId& from, const RingMessage& message) {
  return std::visit(RingJudge(plan, own, from), message);
}

}  // namespace shoal
