// Gets a model loaded: asks what it needs, plans, unloads idle instances if they are in the way, has the plan
// prepared by every node in it and commits it. One proposal per instance at a time. Refused or overtaken ones
// are tried again after a random pause until the deadline. Used on the service's loop.
#pragma once

#include <map>
#include <random>
#include <set>

#include "service/cluster_knowledge.h"
#include "service/membership.h"
#include "service/message_sender.h"
#include "service/model_inquiry.h"
#include "service/plan_promises.h"
#include "service/service_settings.h"
#include "service/unloading.h"

namespace shoal {

// Implemented by ingress_requests. Called on the service's loop, never from within begin().
class PlacementEvents {
 public:
  virtual ~PlacementEvents() = default;
  // Called once for each proposal begun: where the instance is, or why it cannot be placed.
  virtual void on_placed(const InstanceId& instance, const Result<InstanceLocation>& location) = 0;
};

class Proposals {
 public:
  struct Surroundings {
    const ServiceSettings& settings;
    ServiceLoop loop;
    const Membership& members;
    PlanPromises& promises;
    MessageSender& sender;
    ModelInquiry& inquiry;
    Unloading& unloading;
    uint64_t random_seed;  // for the pauses
  };
  Proposals(Surroundings around, PlacementEvents& events);

  // Begins a proposal unless one is running for the model.
  void begin(const InstanceId& instance);
  bool is_running(const InstanceId& instance) const { return proposals_.contains(instance); }

  void receive(const NodeId& from, const PlanPrepared& prepared);
  void receive(const NodeId& from, const ReleasePlan& release);
  void node_lost(const NodeId& node);
  void close();

 private:
  struct Proposal {
    TimePoint deadline;
    std::optional<ModelDemand> demand;
    NodeId described_by;             // the node whose files the plan is for
    std::map<NodeId, int> refusals;  // by nodes that could not reach another node of the plan
    std::set<NodeId> silent;         // nodes that did not answer in time
    int memory_refusals = 0;
    // These belong to the attempt in progress:
    std::optional<Plan> plan;
    std::set<NodeId> missing;  // nodes that have not answered
    TimerId timer = 0;
    uint64_t ticket = 0;  // distinguishes this attempt from earlier ones that are answered late
  };

  void attempt(const InstanceId& instance);
  void inquire(const InstanceId& instance, const std::vector<NodeReport>& nodes);
  void propose(const InstanceId& instance, const std::vector<NodeReport>& nodes);
  void refuse_for_memory(const InstanceId& instance, const std::vector<NodeReport>& nodes);
  void unload(const InstanceId& instance, std::vector<InstanceId> victims);
  enum class Victims : uint8_t { idle, busy_too };
  std::optional<std::vector<InstanceId>> choose_victims(const ModelDemand& demand,
                                                        const std::vector<NodeReport>& nodes,
                                                        Victims victims) const;
  void prepare(const InstanceId& instance, Plan plan, const ModelDemand& demand);
  void answers_are_late(const InstanceId& instance);
  void commit(const InstanceId& instance);
  // Takes the attempt's plan back on all its nodes.
  void withdraw(const InstanceId& instance, const Error& reason);
  void pause(const InstanceId& instance, const Error& reason);
  void finish(const InstanceId& instance, Result<InstanceLocation> outcome);
  std::vector<NodeReport> candidates(const InstanceId& instance) const;
  // Whether the attempt in progress has asked this node to prepare the plan of this epoch.
  static bool is_asked(const Proposal& proposal, const NodeId& node, const Epoch& epoch);
  static bool has_files_of(const Proposal& proposal, const NodeReport& node, const InstanceId& instance);
  // Names the nodes that have other files, as the end of an error's message.
  std::string left_out(const InstanceId& instance) const;
  Proposal* find(const InstanceId& instance, uint64_t ticket);

  Surroundings around_;
  PlacementEvents& events_;
  std::mt19937_64 random_;
  uint64_t last_ticket_ = 0;
  std::map<InstanceId, Proposal> proposals_;
};

}  // namespace shoal
