// What this node has promised to proposers: to hold at most one plan per instance, prepared or committed, and
// to refuse plans whose epoch is not above the highest seen. Pure; used on the service's loop.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "cluster/known_epochs.h"
#include "cluster/placement.h"
#include "cluster/plan.h"

namespace shoal {

enum class PromiseState : uint8_t { prepared, committed };

struct PromisedPlan {
  Plan plan;
  ModelDemand demand;
  NodeId proposer;
  PromiseState state;
  TimePoint since;
  int64_t reserved_bytes;  // in this node's memory
};

// Checks a plan that another node sent: it holds every layer once and in order, names every node at most
// once, and its demand's sizes are sensible. Otherwise invalid_argument.
Result<void> check_plan(const Plan& plan, const ModelDemand& demand);

class PlanPromises {
 public:
  explicit PlanPromises(NodeId own) : own_(std::move(own)) {}

  // Promises to hold this node's stage of the plan. invalid_argument when check_plan() fails or this node has
  // no stage; unavailable when a plan with the same or a higher epoch is known, one is committed, or the
  // epoch is too far above what is known to be believed; resource_exhausted when there are too few
  // `free_bytes`, which do not include what is reserved here for this instance, or too many plans.
  // `overtaken` is the prepared plan that this one replaces.
  struct Prepared {
    std::optional<PromisedPlan> overtaken;
  };
  Result<Prepared> prepare(const Plan& plan, const ModelDemand& demand, const NodeId& proposer,
                           int64_t free_bytes, TimePoint now);

  // The committed plan; nullptr when none is prepared under exactly this epoch.
  const PromisedPlan* commit(const InstanceId& instance, const Epoch& epoch);

  // Removes and returns the plan held under exactly this epoch.
  std::optional<PromisedPlan> release(const InstanceId& instance, const Epoch& epoch);

  void set_reserved(const InstanceId& instance, int64_t bytes);

  const PromisedPlan* find(const InstanceId& instance) const;
  std::vector<const PromisedPlan*> all() const;
  Epoch highest(const InstanceId& instance) const;  // highest epoch that was promised
  int64_t reserved_bytes() const;

  // Learns an epoch that another node names. False when it is too far above what is known and not believed
  // yet.
  bool learn(const InstanceId& instance, const Epoch& epoch) { return known_.learn(instance, epoch); }
  // A proposal's counter has to be above this.
  uint64_t known_counter(const InstanceId& instance) const { return known_.counter(instance); }

 private:
  Result<void> check_count(const NodeId& proposer) const;
  void forget_unheld();

  NodeId own_;
  std::map<InstanceId, PromisedPlan> held_;
  std::map<InstanceId, Epoch> highest_;
  KnownEpochs known_;
};

}  // namespace shoal
