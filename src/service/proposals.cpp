#include "service/proposals.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace shoal {
namespace {

// A proposal fails when memory is too small for the fourth time; by then reports that were old at the first
// attempt have been renewed.
constexpr int memory_refusal_limit = 4;
// A node that has refused this often is left out of the plan.
constexpr int refusal_limit = 2;
constexpr int64_t shortest_pause_ms = 20;
constexpr int64_t longest_pause_ms = 250;

// The demand itself, then with half the context, and so on down to the least.
std::vector<ModelDemand> with_shorter_contexts(const ModelDemand& demand) {
  std::vector<ModelDemand> demands = {demand};
  while (demand.least_context_length > 0 && demands.back().context_length > demand.least_context_length) {
    ModelDemand shorter = demands.back();
    shorter.context_length = std::max(shorter.context_length / 2, demand.least_context_length);
    demands.push_back(std::move(shorter));
  }
  return demands;
}

}  // namespace

Proposals::Proposals(Surroundings around, PlacementEvents& events)
    : around_(std::move(around)), events_(events), random_(around_.random_seed) {}

void Proposals::begin(const InstanceId& instance) {
  if (is_running(instance)) return;
  Proposal proposal;
  proposal.deadline = around_.loop.now() + 3 * around_.settings.plan_deadline;
  proposals_.emplace(instance, std::move(proposal));
  attempt(instance);
}

// The node that described the files has them, even if its report is older.
bool Proposals::has_files_of(const Proposal& proposal, const NodeReport& node, const InstanceId& instance) {
  if (!proposal.demand.has_value() || node.node == proposal.described_by) return true;
  return have_same_content(find_model(node, instance)->fingerprint, proposal.demand->fingerprint);
}

std::string Proposals::left_out(const InstanceId& instance) const {
  const Proposal& proposal = proposals_.at(instance);
  std::string text;
  for (const NodeReport& node : nodes_with_files(around_.members.reports(), instance)) {
    if (has_files_of(proposal, node, instance)) continue;
    text += fmt::format(
        "\nNode {} is left out, its files are not those of node {}: {}", node.node, proposal.described_by,
        describe_difference(find_model(node, instance)->fingerprint, proposal.demand->fingerprint));
  }
  return text;
}

std::vector<NodeReport> Proposals::candidates(const InstanceId& instance) const {
  const Proposal& proposal = proposals_.at(instance);
  const auto fresh = around_.members.fresh_reports(around_.loop.now(), around_.settings.peer_silence_limit);
  std::vector<NodeReport> nodes = nodes_with_files(fresh, instance);
  std::erase_if(nodes, [&](const NodeReport& node) {
    if (proposal.silent.contains(node.node)) return true;
    if (!has_files_of(proposal, node, instance)) return true;
    auto refusals = proposal.refusals.find(node.node);
    return refusals != proposal.refusals.end() && refusals->second >= refusal_limit;
  });
  return nodes;
}

void Proposals::attempt(const InstanceId& instance) {
  Proposal& proposal = proposals_.at(instance);
  proposal.ticket = ++last_ticket_;
  if (const auto location = find_instance(around_.members.reports(), instance))
    return finish(instance, *location);
  if (const PromisedPlan* promised = around_.promises.find(instance); promised != nullptr) {
    const NodeId& head = promised->plan.head();
    if (promised->state == PromiseState::committed) {
      return finish(instance,
                    InstanceLocation{.head = head, .epoch = promised->plan.epoch, .is_loaded = false});
    }
    return pause(instance, {ErrorCode::unavailable,
                            fmt::format("node {} is placing {}", promised->proposer, instance)});
  }
  const std::vector<NodeReport> nodes = candidates(instance);
  if (nodes.empty()) {
    return finish(instance, fail(ErrorCode::unavailable,
                                 fmt::format("no node with the files of {} can be reached", instance)));
  }
  if (proposal.demand.has_value()) {
    propose(instance, nodes);
  } else {
    inquire(instance, nodes);
  }
}

void Proposals::inquire(const InstanceId& instance, const std::vector<NodeReport>& nodes) {
  const std::vector<NodeId> ids = by_content(nodes, instance);
  const NodeId& own = around_.members.own().node;
  Proposal& inquiring = proposals_.at(instance);
  inquiring.described_by = std::ranges::find(ids, own) != ids.end() ? own : ids.front();
  const uint64_t ticket = inquiring.ticket;
  around_.inquiry.ask(instance, ids, [this, instance, ticket](Result<ModelDemand> demand) {
    Proposal* proposal = find(instance, ticket);
    if (proposal == nullptr) return;
    if (!demand) {
      if (demand.error().code == ErrorCode::unavailable) return pause(instance, demand.error());
      return finish(instance, fail(demand.error()));
    }
    proposal->demand = *std::move(demand);
    attempt(instance);
  });
}

// Proposes the longest context that fits, by unloading idle instances if need be.
void Proposals::propose(const InstanceId& instance, const std::vector<NodeReport>& nodes) {
  for (const ModelDemand& demand : with_shorter_contexts(*proposals_.at(instance).demand)) {
    Result<Plan> plan = make_plan(around_.settings.partitioning, demand, nodes);
    if (plan) return prepare(instance, *std::move(plan), demand);
    if (plan.error().code != ErrorCode::resource_exhausted) {
      plan.error().message += left_out(instance);
      return finish(instance, fail(plan.error()));
    }
    if (auto victims = choose_victims(demand, nodes, Victims::idle)) {
      return unload(instance, *std::move(victims));
    }
  }
  refuse_for_memory(instance, nodes);
}

void Proposals::refuse_for_memory(const InstanceId& instance, const std::vector<NodeReport>& nodes) {
  const ModelDemand least = with_shorter_contexts(*proposals_.at(instance).demand).back();
  Error error = make_plan(around_.settings.partitioning, least, nodes).error();
  if (auto victims = choose_victims(least, nodes, Victims::busy_too)) {
    // A victim may have become idle since its head's last report.
    if (++proposals_.at(instance).memory_refusals < memory_refusal_limit) return pause(instance, error);
    error.message = fmt::format("{} would fit without {}, which answers requests now; try again later.\n{}",
                                instance, fmt::join(*victims, ", "), error.message);
  }
  error.message += left_out(instance);
  finish(instance, fail(std::move(error)));
}

// Instances whose unloading makes room: the least recently used one that is enough alone, else as few as
// possible of the least recently used together.
std::optional<std::vector<InstanceId>> Proposals::choose_victims(const ModelDemand& demand,
                                                                 const std::vector<NodeReport>& nodes,
                                                                 Victims victims) const {
  std::vector<InstanceId> choices;
  for (const InstanceUse& use : instances_by_use(around_.members.reports())) {
    if (victims == Victims::busy_too || use.idle_ms > 0) choices.push_back(use.instance);
  }
  auto fits_without = [&](const std::set<InstanceId>& unloaded) {
    return make_plan(around_.settings.partitioning, demand, without_instances(nodes, unloaded)).has_value();
  };
  for (const InstanceId& choice : choices) {
    if (fits_without({choice})) return std::vector{choice};
  }
  std::set<InstanceId> unloaded;
  for (size_t i = 0; i < choices.size(); ++i) {
    unloaded.insert(choices[i]);
    if (fits_without(unloaded)) return std::vector<InstanceId>(unloaded.begin(), unloaded.end());
  }
  return std::nullopt;
}

void Proposals::unload(const InstanceId& instance, std::vector<InstanceId> victims) {
  const uint64_t ticket = proposals_.at(instance).ticket;
  if (victims.empty()) return attempt(instance);
  const InstanceId victim = victims.back();
  victims.pop_back();
  log_notice("unloading {} to make room for {}", victim, instance);
  around_.unloading.unload(
      victim, [this, instance, ticket, victims = std::move(victims)](const Result<void>& outcome) {
        if (find(instance, ticket) == nullptr) return;
        const bool is_gone = outcome.has_value() || outcome.error().code == ErrorCode::not_found;
        if (is_gone) return unload(instance, victims);
        // Somebody has begun to use the victim.
        pause(instance, outcome.error());
      });
}

void Proposals::prepare(const InstanceId& instance, Plan plan, const ModelDemand& demand) {
  Proposal& proposal = proposals_.at(instance);
  plan.epoch = next_epoch(around_.promises.known_counter(instance), around_.members.own().node);
  // No epoch is used twice, even if this node is not in the plan.
  around_.promises.learn(instance, plan.epoch);
  proposal.plan = plan;
  proposal.missing.clear();
  for (const PlanStage& stage : plan.stages) proposal.missing.insert(stage.node);
  const uint64_t ticket = proposal.ticket;
  proposal.timer = around_.loop.post_after(around_.settings.plan_deadline, [this, instance, ticket] {
    if (find(instance, ticket) != nullptr) answers_are_late(instance);
  });
  for (const PlanStage& stage : plan.stages) {
    around_.sender.send(stage.node, PreparePlan{.plan = plan, .demand = demand});
  }
}

bool Proposals::is_asked(const Proposal& proposal, const NodeId& node, const Epoch& epoch) {
  return proposal.plan.has_value() && proposal.plan->epoch == epoch &&
         proposal.plan->find_stage(node) != nullptr;
}

void Proposals::receive(const NodeId& from, const PlanPrepared& prepared) {
  auto found = proposals_.find(prepared.instance);
  if (found == proposals_.end()) return;
  Proposal& proposal = found->second;
  around_.promises.learn(prepared.instance, prepared.highest);
  if (!is_asked(proposal, from, prepared.epoch)) return;
  if (prepared.outcome) {
    proposal.missing.erase(from);
    if (proposal.missing.empty()) commit(prepared.instance);
    return;
  }
  const Error& reason = prepared.outcome.error();
  withdraw(prepared.instance, reason);
  switch (reason.code) {
    case ErrorCode::unavailable:  // for example overtaken by another proposer
      return pause(prepared.instance, reason);
    case ErrorCode::not_found:  // the node cannot reach one of the others
      ++proposal.refusals[from];
      return pause(prepared.instance, reason);
    case ErrorCode::resource_exhausted:
      if (++proposal.memory_refusals >= memory_refusal_limit) break;
      return pause(prepared.instance, reason);
    case ErrorCode::invalid_argument:
    case ErrorCode::unauthenticated:
    case ErrorCode::permission_denied:
    case ErrorCode::deadline_exceeded:
    case ErrorCode::cancelled:
    case ErrorCode::corrupt_data:
    case ErrorCode::internal: break;
  }
  finish(prepared.instance, fail(reason));
}

void Proposals::receive(const NodeId& from, const ReleasePlan& release) {
  auto found = proposals_.find(release.instance);
  if (found == proposals_.end()) return;
  if (!is_asked(found->second, from, release.epoch)) return;
  log_debug(1, "node {} took back its promise for {}: {}", from, release.instance, release.reason.message);
  withdraw(release.instance, release.reason);
  pause(release.instance, release.reason);
}

void Proposals::node_lost(const NodeId& node) {
  std::vector<InstanceId> hit;
  for (auto& [instance, proposal] : proposals_) {
    // Nodes may have refused because they could not reach this one, and noticed its loss before us.
    proposal.refusals.clear();
    if (proposal.plan.has_value() && proposal.plan->find_stage(node) != nullptr) hit.push_back(instance);
  }
  for (const InstanceId& instance : hit) {
    const Error reason{ErrorCode::unavailable, fmt::format("node {} was lost", node)};
    withdraw(instance, reason);
    pause(instance, reason);
  }
}

void Proposals::answers_are_late(const InstanceId& instance) {
  Proposal& proposal = proposals_.at(instance);
  const Error reason{ErrorCode::unavailable,
                     fmt::format("node {} did not answer in time", *proposal.missing.begin())};
  proposal.silent.insert(proposal.missing.begin(), proposal.missing.end());
  withdraw(instance, reason);
  pause(instance, reason);
}

void Proposals::commit(const InstanceId& instance) {
  Proposal& proposal = proposals_.at(instance);
  around_.loop.cancel_timer(proposal.timer);
  const Plan plan = *std::exchange(proposal.plan, std::nullopt);
  for (const PlanStage& stage : plan.stages) {
    around_.sender.send(stage.node, CommitPlan{.instance = instance, .epoch = plan.epoch});
  }
  finish(instance, InstanceLocation{.head = plan.head(), .epoch = plan.epoch, .is_loaded = false});
}

void Proposals::withdraw(const InstanceId& instance, const Error& reason) {
  Proposal& proposal = proposals_.at(instance);
  if (!proposal.plan.has_value()) return;
  around_.loop.cancel_timer(proposal.timer);
  const Plan plan = *std::exchange(proposal.plan, std::nullopt);
  for (const PlanStage& stage : plan.stages) {
    if (around_.members.find(stage.node) == nullptr) continue;
    around_.sender.send(stage.node, ReleasePlan{.instance = instance, .epoch = plan.epoch, .reason = reason});
  }
}

void Proposals::pause(const InstanceId& instance, const Error& reason) {
  Proposal& proposal = proposals_.at(instance);
  if (around_.loop.now() >= proposal.deadline) {
    return finish(instance, fail(Error(reason), fmt::format("{} could not be placed", instance)));
  }
  proposal.ticket = ++last_ticket_;
  const auto width = static_cast<uint64_t>(longest_pause_ms - shortest_pause_ms);
  const auto length = std::chrono::milliseconds(shortest_pause_ms + static_cast<int64_t>(random_() % width));
  around_.loop.post_after(length, [this, instance, ticket = proposal.ticket] {
    if (find(instance, ticket) != nullptr) attempt(instance);
  });
}

void Proposals::finish(const InstanceId& instance, Result<InstanceLocation> outcome) {
  around_.loop.post([this, instance, outcome = std::move(outcome)] { events_.on_placed(instance, outcome); });
  proposals_.erase(instance);
}

void Proposals::close() { proposals_.clear(); }

Proposals::Proposal* Proposals::find(const InstanceId& instance, uint64_t ticket) {
  auto found = proposals_.find(instance);
  return found == proposals_.end() || found->second.ticket != ticket ? nullptr : &found->second;
}

}  // namespace shoal
