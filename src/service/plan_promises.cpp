#include "service/plan_promises.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace shoal {

namespace {

// The most plans held at once, and the most prepared ones of one proposer.
constexpr int64_t plan_limit = 64;
constexpr int64_t prepared_limit = 8;
// The most models whose highest epoch is remembered.
constexpr size_t memory_limit = 10'000;

// False when a sum that stage_bytes() may compute does not fit int64_t.
bool is_countable(const ModelDemand& demand) {
  int64_t layer_kv = 0, sum = 0;
  bool overflow = __builtin_mul_overflow(demand.kv_bytes_per_token_layer, demand.context_length, &layer_kv) ||
                  __builtin_add_overflow(demand.head_bytes, demand.scratch_bytes, &sum);
  for (const int64_t bytes : demand.layer_bytes) {
    overflow =
        overflow || __builtin_add_overflow(sum, bytes, &sum) || __builtin_add_overflow(sum, layer_kv, &sum);
  }
  return !overflow;
}

}  // namespace

Result<void> check_plan(const Plan& plan, const ModelDemand& demand) {
  auto refuse = [&](std::string_view what) {
    return fail(ErrorCode::invalid_argument, fmt::format("the plan of {} {}", plan.instance, what));
  };
  if (plan.instance.empty() || plan.instance != demand.model) return refuse("is of another model");
  if (plan.fingerprint != demand.fingerprint) return refuse("is of other files than its demand");
  if (plan.stages.empty()) return refuse("has no stage");
  if (plan.context_length <= 0) return refuse("has no context");
  if (demand.context_length <= 0 || demand.head_bytes < 0 || demand.kv_bytes_per_token_layer < 0 ||
      demand.scratch_bytes < 0) {
    return refuse("has a demand below zero");
  }
  for (const int64_t bytes : demand.layer_bytes) {
    if (bytes < 0) return refuse("has a layer of less than no bytes");
  }
  if (!is_countable(demand)) return refuse("has a demand beyond counting");
  std::set<NodeId> nodes;
  int64_t next_layer = 0;
  for (const PlanStage& stage : plan.stages) {
    if (!nodes.insert(stage.node).second) return refuse("names node " + stage.node + " twice");
    if (stage.first_layer != next_layer || stage.end_layer < stage.first_layer) {
      return refuse("does not hold every layer once and in order");
    }
    next_layer = stage.end_layer;
  }
  if (next_layer != static_cast<int64_t>(demand.layer_bytes.size())) {
    return refuse("does not hold every layer once and in order");
  }
  return {};
}

Result<PlanPromises::Prepared> PlanPromises::prepare(const Plan& plan, const ModelDemand& demand,
                                                     const NodeId& proposer, int64_t free_bytes,
                                                     TimePoint now) {
  if (Result<void> checked = check_plan(plan, demand); !checked) return fail(checked.error());
  const PlanStage* stage = plan.find_stage(own_);
  if (stage == nullptr) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("node {} has no layer in the plan of {}", own_, plan.instance));
  }
  const PromisedPlan* held = find(plan.instance);
  if (held != nullptr && held->state == PromiseState::committed) {
    return fail(ErrorCode::unavailable,
                fmt::format("node {} already serves {} under an earlier plan", own_, plan.instance));
  }
  if (!known_.is_believable(plan.instance, plan.epoch)) {
    known_.learn(plan.instance, plan.epoch);
    return fail(ErrorCode::unavailable,
                fmt::format("node {} knows {} up to epoch {}, and believes no epoch {} at once", own_,
                            plan.instance, known_.counter(plan.instance), plan.epoch.counter));
  }
  if (plan.epoch <= highest(plan.instance)) {
    return fail(ErrorCode::unavailable, fmt::format("node {} knows a newer plan of {}", own_, plan.instance));
  }
  const int64_t need = demand.stage_bytes(stage->first_layer, stage->end_layer, plan.head() == own_);
  const int64_t room = free_bytes + (held == nullptr ? 0 : held->reserved_bytes);
  if (need > room) {
    return fail(
        ErrorCode::resource_exhausted,
        fmt::format("node {} has {} bytes free, its part of {} takes {}", own_, room, plan.instance, need));
  }
  Prepared prepared;
  if (held != nullptr) {
    prepared.overtaken = *held;
  } else if (Result<void> counted = check_count(proposer); !counted) {
    return fail(counted.error());
  }
  if (highest_.size() >= memory_limit) forget_unheld();
  known_.learn(plan.instance, plan.epoch);
  highest_[plan.instance] = plan.epoch;
  held_.insert_or_assign(plan.instance, PromisedPlan{.plan = plan,
                                                     .demand = demand,
                                                     .proposer = proposer,
                                                     .state = PromiseState::prepared,
                                                     .since = now,
                                                     .reserved_bytes = need});
  return prepared;
}

Result<void> PlanPromises::check_count(const NodeId& proposer) const {
  const int64_t prepared = std::ranges::count_if(held_, [&](const auto& held) {
    return held.second.state == PromiseState::prepared && held.second.proposer == proposer;
  });
  if (std::ssize(held_) < plan_limit && prepared < prepared_limit) return {};
  return fail(ErrorCode::resource_exhausted,
              fmt::format("node {} holds {} plans, {} of them prepared for {}, which is its limit", own_,
                          held_.size(), prepared, proposer));
}

void PlanPromises::forget_unheld() {
  std::erase_if(highest_, [this](const auto& known) { return !held_.contains(known.first); });
}

const PromisedPlan* PlanPromises::commit(const InstanceId& instance, const Epoch& epoch) {
  auto found = held_.find(instance);
  if (found == held_.end() || found->second.plan.epoch != epoch) return nullptr;
  if (found->second.state == PromiseState::committed) return nullptr;
  found->second.state = PromiseState::committed;
  return &found->second;
}

std::optional<PromisedPlan> PlanPromises::release(const InstanceId& instance, const Epoch& epoch) {
  auto found = held_.find(instance);
  if (found == held_.end() || found->second.plan.epoch != epoch) return std::nullopt;
  PromisedPlan released = std::move(found->second);
  held_.erase(found);
  return released;
}

void PlanPromises::set_reserved(const InstanceId& instance, int64_t bytes) {
  auto found = held_.find(instance);
  if (found != held_.end()) found->second.reserved_bytes = bytes;
}

const PromisedPlan* PlanPromises::find(const InstanceId& instance) const {
  auto found = held_.find(instance);
  return found == held_.end() ? nullptr : &found->second;
}

std::vector<const PromisedPlan*> PlanPromises::all() const {
  std::vector<const PromisedPlan*> plans;
  for (const auto& [instance, promised] : held_) plans.push_back(&promised);
  return plans;
}

Epoch PlanPromises::highest(const InstanceId& instance) const {
  auto found = highest_.find(instance);
  return found == highest_.end() ? Epoch{} : found->second;
}

int64_t PlanPromises::reserved_bytes() const {
  int64_t bytes = 0;
  for (const auto& [instance, promised] : held_) bytes += promised.reserved_bytes;
  return bytes;
}

}  // namespace shoal
