// What this node has promised to proposers: at most one plan per instance, prepared or committed, and to
// refuse what is not above the highest epoch seen. Pure; used on the service's loop.
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
  int64_t reserved_bytes;  // of this node's memory
};

// What another node sent as a plan: every layer once and in order, every node at most once.
Result<void> check_plan(const Plan& plan, const ModelDemand& demand);

class PlanPromises {
 public:
  explicit PlanPromises(NodeId own) : own_(std::move(own)) {}

  // unavailable when a plan at least as high is known or one is committed, or when the epoch is too far above
  // what is known to be believed; resource_exhausted when `free_bytes`, which does not count what is prepared
  // here for this instance, are too few, or plans too many. On success `overtaken` is the prepared plan that
  // this one replaces.
  struct Prepared {
    std::optional<PromisedPlan> overtaken;
  };
  Result<Prepared> prepare(const Plan& plan, const ModelDemand& demand, const NodeId& proposer,
                           int64_t free_bytes, TimePoint now);

  // nullptr: nothing is prepared under exactly this epoch.
  const PromisedPlan* commit(const InstanceId& instance, const Epoch& epoch);

  // Takes away what is held under this epoch.
  std::optional<PromisedPlan> release(const InstanceId& instance, const Epoch& epoch);

  void set_reserved(const InstanceId& instance, int64_t bytes);

  const PromisedPlan* find(const InstanceId& instance) const;
  std::vector<const PromisedPlan*> all() const;
  Epoch highest(const InstanceId& instance) const;  // that was promised
  int64_t reserved_bytes() const;

  // What other nodes say of epochs. False: it is too far above what is known, and not believed yet.
  bool learn(const InstanceId& instance, const Epoch& epoch) { return known_.learn(instance, epoch); }
  // A proposal has to be above this.
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
