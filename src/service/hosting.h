// The shards of instances that this node holds: answers proposers, loads its shard of every committed plan,
// and releases it when the plan is released or one of its nodes is lost. Used on the service's loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "service/cluster_knowledge.h"
#include "service/disk_models.h"
#include "service/membership.h"
#include "service/message_sender.h"
#include "service/plan_promises.h"
#include "service/report_events.h"
#include "service/service_settings.h"
#include "service/shard_host.h"

namespace shoal {

class Hosting final : private ShardEvents {
 public:
  struct Surroundings {
    const ServiceSettings& settings;
    ShardHost::Surroundings shards;
    const Membership& members;
    MessageSender& sender;
    DiskModels& own_models;
    std::shared_ptr<Loop> reaper_loop;  // shards are destroyed on it
    ReportEvents& report_events;
  };
  explicit Hosting(Surroundings around);

  void receive(const NodeId& from, const PreparePlan& prepare);
  void receive(const CommitPlan& commit);
  // Treats the plan as committed, because `from`, if it has a part in the plan, acts on it: its messages may
  // arrive before the proposer's own.
  void commit_is_implied(const NodeId& from, const InstanceId& instance, const Epoch& epoch);
  void receive(const ReleasePlan& release);
  void receive(const NodeId& from, const ShardLoaded& loaded);
  void note_progress(const NodeId& from, const Heartbeat::Progress& progress);

  // Releases the plan here and tells its other nodes and its proposer.
  void release(const InstanceId& instance, const Epoch& epoch, const Error& reason);
  void release_all(const Error& reason);
  void node_lost(const NodeId& node);
  // Checks deadlines: of promises that are not committed, and of loads that make no progress.
  void tick();

  // Releases instances that this node heads: idle ones whose files on the disk have changed, and any of which
  // another stage holds other files.
  void release_outdated(const std::function<bool(const InstanceId&)>& is_idle);

  // Null when this node is not the head of the instance.
  InstanceHead* find_head(const InstanceId& instance) const;
  InstanceHead* find_head(const InstanceId& instance, const Epoch& epoch) const;
  const PlanPromises& promises() const { return promises_; }
  PlanPromises& promises() { return promises_; }
  bool depends_on(const NodeId& node) const;

  // The committed plans in which this node has a stage.
  std::vector<const Plan*> plans() const;
  // The shards for this node's report; the caller fills in `last_used_ms_ago`.
  std::vector<ShardReport> shards() const;
  std::vector<Heartbeat::Progress> progress(TimePoint now) const;
  // The memory measured as free, less what nodes of this machine have promised but not filled yet. Memory of
  // shards that are being destroyed counts as free.
  struct Room {
    int64_t for_promises;               // what new promises may take under all limits
    int64_t machine_free_bytes;         // 0: unknown
    std::vector<MemoryGroup> groups{};  // groups that other nodes may share
  };
  Room room() const;
  void take_nothing_new() { takes_nothing_new_ = true; }
  // True when all shards are destroyed.
  bool is_empty() const { return hosts_.empty() && closing_.empty(); }

 private:
  void on_shard_loaded(const InstanceId& instance, const Epoch& epoch, Result<EngineInfo> loaded) override;
  void on_load_ended() override;
  void on_ring_lost(const InstanceId& instance, const Epoch& epoch, const Error& reason) override;

  struct Hosted {
    std::shared_ptr<ShardHost> host;
    LoadedBytes last_seen{};
    TimePoint moved{};
  };
  // A shard that is released but not destroyed yet.
  struct Closing {
    std::shared_ptr<ShardHost> host;  // null while it is being destroyed
    int64_t bytes;
  };
  void start(const PromisedPlan& promised);
  void start_loads();
  void reap(uint64_t number);
  void check_load(const InstanceId& instance, Hosted& hosted);
  Result<void> check_reachable(const Plan& plan) const;
  Result<void> check_files(const Plan& plan) const;
  std::optional<Error> outdated(const Plan& plan, bool is_idle) const;
  void tell_members(const Plan& plan, const Error& reason, const NodeId& also);
  ShardHost* find(const InstanceId& instance, const Epoch& epoch) const;
  int64_t own_unfilled_bytes() const;
  int64_t unfilled_bytes(const std::function<bool(const DeviceReport&)>& shares) const;

  const ServiceSettings& settings_;
  const ShardHost::Surroundings around_;
  const Membership& members_;
  MessageSender& sender_;
  DiskModels& own_models_;
  const std::shared_ptr<Loop> reaper_loop_;
  ReportEvents& report_events_;
  PlanPromises promises_;
  std::map<InstanceId, Hosted> hosts_;  // of committed plans
  std::map<uint64_t, Closing> closing_;
  uint64_t last_closing_ = 0;
  bool takes_nothing_new_ = false;
};

}  // namespace shoal
