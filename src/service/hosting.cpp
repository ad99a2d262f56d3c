#include "service/hosting.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "service/cluster_knowledge.h"

namespace shoal {

Hosting::Hosting(Surroundings around)
    : settings_(around.settings),
      around_(std::move(around.shards)),
      members_(around.members),
      sender_(around.sender),
      own_models_(around.own_models),
      reaper_loop_(std::move(around.reaper_loop)),
      report_events_(around.report_events),
      promises_(around_.own) {}

Result<void> Hosting::check_reachable(const Plan& plan) const {
  for (const PlanStage& stage : plan.stages) {
    if (members_.find(stage.node) == nullptr) {
      return fail(ErrorCode::not_found,
                  fmt::format("node {} is not connected to node {}", around_.own, stage.node));
    }
  }
  return {};
}

Result<void> Hosting::check_files(const Plan& plan) const {
  const ModelReport* own = find_model(members_.own(), plan.instance);
  const std::string difference =
      own == nullptr ? std::string() : describe_difference(own->fingerprint, plan.fingerprint);
  if (difference.empty()) return {};
  return fail(ErrorCode::not_found, fmt::format("node {} has other files of {} than the plan names: {}",
                                                around_.own, plan.instance, difference));
}

void Hosting::receive(const NodeId& from, const PreparePlan& prepare) {
  const Plan& plan = prepare.plan;
  Result<void> outcome = check_reachable(plan);
  if (outcome) {
    outcome = check_files(plan);
    if (!outcome) own_models_.refresh({});
  }
  if (outcome) {
    auto prepared = promises_.prepare(plan, prepare.demand, from, room().for_promises, around_.loop.now());
    if (!prepared) {
      outcome = fail(prepared.error());
    } else if (prepared->overtaken.has_value()) {
      const PromisedPlan& overtaken = *prepared->overtaken;
      tell_members(overtaken.plan, {ErrorCode::unavailable, "a newer plan has overtaken it"},
                   overtaken.proposer);
    }
  }
  if (!outcome) log_debug(1, "refused the plan of {}: {}", plan.instance, outcome.error().message);
  sender_.send(from, PlanPrepared{.instance = plan.instance,
                                  .epoch = plan.epoch,
                                  .highest = promises_.highest(plan.instance),
                                  .outcome = std::move(outcome)});
}

void Hosting::receive(const CommitPlan& commit) {
  const PromisedPlan* promised = promises_.commit(commit.instance, commit.epoch);
  if (promised != nullptr) start(*promised);
}

void Hosting::commit_is_implied(const NodeId& from, const InstanceId& instance, const Epoch& epoch) {
  const PromisedPlan* promised = promises_.find(instance);
  const bool has_part =
      promised != nullptr && (promised->proposer == from || promised->plan.find_stage(from));
  if (has_part) receive(CommitPlan{.instance = instance, .epoch = epoch});
}

void Hosting::start(const PromisedPlan& promised) {
  const InstanceId instance = promised.plan.instance;
  hosts_[instance] =
      Hosted{.host = std::make_shared<ShardHost>(around_, promised, static_cast<ShardEvents&>(*this)),
             .moved = around_.loop.now()};
  const PlanStage& stage = *promised.plan.find_stage(around_.own);
  log_notice("loading {} layers {}-{}{}", instance, stage.first_layer, stage.end_layer - 1,
             promised.plan.head() == around_.own ? " (head)" : "");
  start_loads();
  report_events_.on_report_changed();
}

// Loads wait until the memory of everything released before is free again.
void Hosting::start_loads() {
  for (auto& [number, closing] : closing_) {
    if (closing.host != nullptr && !closing.host->load_is_running()) reap(number);
  }
  if (!closing_.empty()) return;
  for (auto& [instance, hosted] : hosts_) {
    if (!hosted.host->is_waiting()) continue;
    hosted.moved = around_.loop.now();
    hosted.host->start_loading();
  }
}

void Hosting::on_load_ended() {
  around_.loop.post([this] { start_loads(); });
}

void Hosting::on_ring_lost(const InstanceId& instance, const Epoch& epoch, const Error& reason) {
  release(instance, epoch, reason);
}

void Hosting::on_shard_loaded(const InstanceId& instance, const Epoch& epoch, Result<EngineInfo> loaded) {
  const ShardHost* host = find(instance, epoch);
  if (host == nullptr) return;
  promises_.set_reserved(instance, host->held_bytes());
  const NodeId head = host->plan().head();
  ShardLoaded message{.instance = instance, .epoch = epoch, .outcome = std::move(loaded)};
  if (!message.outcome) {
    log_warning("loading {} failed: {}", instance, message.outcome.error().message);
    own_models_.refresh({});
  }
  const bool failed = !message.outcome.has_value();
  const Error reason = failed ? message.outcome.error() : Error{};
  sender_.send(head, std::move(message));
  report_events_.on_report_changed();
  if (failed && head != around_.own) release(instance, epoch, reason);
}

void Hosting::receive(const NodeId& from, const ShardLoaded& loaded) {
  commit_is_implied(from, loaded.instance, loaded.epoch);
  ShardHost* host = find(loaded.instance, loaded.epoch);
  if (host == nullptr || host->head() == nullptr) return;
  if (!loaded.outcome) {
    Error reason = loaded.outcome.error();
    reason.message =
        fmt::format("node {} could not load its part of {}: {}", from, loaded.instance, reason.message);
    release(loaded.instance, loaded.epoch, reason);
    return;
  }
  host->head()->stage_loaded(from, *loaded.outcome);
  const Result<bool> begun = host->head()->try_begin();
  if (!begun) {
    release(loaded.instance, loaded.epoch, begun.error());
  } else if (*begun) {
    log_notice("{} is ready", loaded.instance);
    around_.instance_events.on_instance_ready(loaded.instance, loaded.epoch);
    report_events_.on_report_changed();
  }
}

void Hosting::receive(const ReleasePlan& release_plan) {
  release(release_plan.instance, release_plan.epoch, release_plan.reason);
}

void Hosting::release(const InstanceId& instance, const Epoch& epoch, const Error& reason) {
  std::optional<PromisedPlan> released = promises_.release(instance, epoch);
  if (!released) return;
  log_notice("released {}: {}", instance, reason.message);
  if (auto found = hosts_.find(instance); found != hosts_.end()) {
    std::shared_ptr<ShardHost> host = std::move(found->second.host);
    hosts_.erase(found);
    host->close(reason);
    const int64_t bytes = host->bytes_loaded();
    closing_.emplace(++last_closing_, Closing{.host = std::move(host), .bytes = bytes});
  }
  tell_members(released->plan, reason, released->proposer);
  around_.instance_events.on_instance_released(instance, released->plan.epoch, reason);
  start_loads();
  report_events_.on_report_changed();
}

void Hosting::tell_members(const Plan& plan, const Error& reason, const NodeId& also) {
  auto tell = [&](const NodeId& node) {
    if (node == around_.own || members_.find(node) == nullptr) return;
    sender_.send(node, ReleasePlan{.instance = plan.instance, .epoch = plan.epoch, .reason = reason});
  };
  for (const PlanStage& stage : plan.stages) tell(stage.node);
  if (plan.find_stage(also) == nullptr) tell(also);
  // The released plan may belong to this node's own proposal.
  if (also == around_.own) {
    sender_.send(also, ReleasePlan{.instance = plan.instance, .epoch = plan.epoch, .reason = reason});
  }
}

void Hosting::release_all(const Error& reason) {
  std::vector<std::pair<InstanceId, Epoch>> plans;
  for (const PromisedPlan* promised : promises_.all()) {
    plans.emplace_back(promised->plan.instance, promised->plan.epoch);
  }
  for (const auto& [instance, epoch] : plans) release(instance, epoch, reason);
}

void Hosting::node_lost(const NodeId& node) {
  std::vector<std::pair<InstanceId, Epoch>> hit;
  for (const PromisedPlan* promised : promises_.all()) {
    const bool proposer_lost = promised->state == PromiseState::prepared && promised->proposer == node;
    if (proposer_lost || promised->plan.find_stage(node) != nullptr) {
      hit.emplace_back(promised->plan.instance, promised->plan.epoch);
    }
  }
  for (const auto& [instance, epoch] : hit) {
    release(instance, epoch,
            {ErrorCode::unavailable, fmt::format("node {}, which {} needs, was lost", node, instance)});
  }
}

// Why an instance that this node heads must be released; nullopt when it need not. When the files on this
// node's disk have changed, an idle instance is released to make room for them. When another stage turns out
// to have been loaded from other files, the instance ends at once, because its answers are no model's.
std::optional<Error> Hosting::outdated(const Plan& plan, bool is_idle) const {
  const ModelReport* own = find_model(members_.own(), plan.instance);
  if (own == nullptr || !own->problem.empty()) return std::nullopt;
  const std::string change = describe_difference(own->fingerprint, plan.fingerprint);
  if (!change.empty()) {
    if (!is_idle) return std::nullopt;
    return Error{ErrorCode::unavailable,
                 fmt::format("its files on node {} have changed: {}", around_.own, change)};
  }
  for (const PlanStage& stage : plan.stages) {
    const NodeReport* node = members_.find(stage.node);
    const ModelReport* other = node == nullptr ? nullptr : find_model(*node, plan.instance);
    if (other == nullptr) continue;
    ModelFingerprint as_loaded = other->fingerprint;
    as_loaded.whole = 0;
    // Files that changed after they were loaded have changed nothing in memory.
    const bool was_loaded = have_same_content(as_loaded, plan.fingerprint);
    const std::string difference = describe_difference(other->fingerprint, own->fingerprint);
    if (!was_loaded || difference.empty()) continue;
    return Error{ErrorCode::unavailable, fmt::format("node {} has other files of {} than node {}: {}",
                                                     stage.node, plan.instance, around_.own, difference)};
  }
  return std::nullopt;
}

void Hosting::release_outdated(const std::function<bool(const InstanceId&)>& is_idle) {
  std::vector<std::pair<Plan, Error>> outdated_plans;
  for (const auto& [instance, hosted] : hosts_) {
    if (hosted.host->head() == nullptr || !hosted.host->head()->is_ready()) continue;
    if (auto reason = outdated(hosted.host->plan(), is_idle(instance))) {
      outdated_plans.emplace_back(hosted.host->plan(), *std::move(reason));
    }
  }
  for (const auto& [plan, reason] : outdated_plans) release(plan.instance, plan.epoch, reason);
}

void Hosting::tick() {
  const TimePoint now = around_.loop.now();
  std::vector<std::pair<InstanceId, Epoch>> forgotten;
  for (const PromisedPlan* promised : promises_.all()) {
    // The proposer waits one deadline for the slowest answer and has as long again for telling us.
    if (promised->state == PromiseState::prepared && now - promised->since > 2 * settings_.plan_deadline) {
      forgotten.emplace_back(promised->plan.instance, promised->plan.epoch);
    }
  }
  for (const auto& [instance, epoch] : forgotten) {
    release(instance, epoch, {ErrorCode::deadline_exceeded, "the plan was not committed in time"});
  }
  std::vector<InstanceId> instances;
  for (const auto& [instance, hosted] : hosts_) instances.push_back(instance);
  for (const InstanceId& instance : instances) check_load(instance, hosts_.at(instance));
}

void Hosting::check_load(const InstanceId& instance, Hosted& hosted) {
  const InstanceHead* head = hosted.host->head();
  if (head == nullptr || head->is_ready()) return;
  const TimePoint now = around_.loop.now();
  const Epoch epoch = hosted.host->plan().epoch;
  const LoadedBytes seen = loaded_bytes(members_.reports(), instance, epoch);
  if (seen != hosted.last_seen) {
    hosted.last_seen = seen;
    hosted.moved = now;
  } else if (now - hosted.moved > settings_.load_stall_limit) {
    release(instance, epoch,
            {ErrorCode::deadline_exceeded,
             fmt::format("loading {} stood still at {} of {} bytes for {:.0f} s", instance, seen.done,
                         seen.total, to_seconds(settings_.load_stall_limit))});
  }
}

void Hosting::reap(uint64_t number) {
  auto freed = [this, number] {
    closing_.erase(number);
    start_loads();
    report_events_.on_report_changed();
  };
  const bool posted = reaper_loop_->post(
      [loop = around_.loop, freed, host = std::exchange(closing_.at(number).host, nullptr)]() mutable {
        host.reset();
        loop.post(freed);
      });
  if (!posted) around_.loop.post(freed);
}

void Hosting::note_progress(const NodeId& from, const Heartbeat::Progress& progress) {
  const ShardHost* host = find(progress.instance, progress.epoch);
  InstanceHead* head = find_head(progress.instance, progress.epoch);
  if (head == nullptr || from == around_.own || host->plan().find_stage(from) == nullptr) return;
  const TimePoint now = around_.loop.now();
  head->note_progress(from, {.last_done = progress.last_done_step,
                             .in_progress = progress.step_in_progress,
                             .begun = now - std::chrono::milliseconds(progress.in_progress_ms)});
}

ShardHost* Hosting::find(const InstanceId& instance, const Epoch& epoch) const {
  auto found = hosts_.find(instance);
  if (found == hosts_.end() || found->second.host->plan().epoch != epoch) return nullptr;
  return found->second.host.get();
}

InstanceHead* Hosting::find_head(const InstanceId& instance) const {
  auto found = hosts_.find(instance);
  return found == hosts_.end() ? nullptr : found->second.host->head();
}

InstanceHead* Hosting::find_head(const InstanceId& instance, const Epoch& epoch) const {
  ShardHost* host = find(instance, epoch);
  return host == nullptr ? nullptr : host->head();
}

bool Hosting::depends_on(const NodeId& node) const {
  return std::ranges::any_of(promises_.all(), [&](const PromisedPlan* promised) {
    const bool proposes = promised->state == PromiseState::prepared && promised->proposer == node;
    return proposes || promised->plan.find_stage(node) != nullptr;
  });
}

std::vector<const Plan*> Hosting::plans() const {
  std::vector<const Plan*> plans;
  for (const auto& [instance, hosted] : hosts_) plans.push_back(&hosted.host->plan());
  return plans;
}

std::vector<ShardReport> Hosting::shards() const {
  std::vector<ShardReport> reports;
  for (const auto& [instance, hosted] : hosts_) {
    const ShardHost& host = *hosted.host;
    const PlanStage& stage = *host.plan().find_stage(around_.own);
    const InstanceHead* head = host.head();
    reports.push_back({.instance = instance,
                       .epoch = host.plan().epoch,
                       .first_layer = stage.first_layer,
                       .end_layer = stage.end_layer,
                       .is_head = head != nullptr,
                       .is_loaded = head != nullptr ? head->is_ready() : host.is_loaded(),
                       .bytes_loaded = host.bytes_loaded(),
                       .bytes_total = host.bytes_total(),
                       .held_bytes = host.held_bytes(),
                       .last_used_ms_ago = 0});
  }
  return reports;
}

std::vector<Heartbeat::Progress> Hosting::progress(TimePoint now) const {
  std::vector<Heartbeat::Progress> all;
  for (const auto& [instance, hosted] : hosts_) {
    const StageProgress stage = hosted.host->progress();
    const Duration in_progress = stage.in_progress == 0 ? Duration::zero() : now - stage.begun;
    all.push_back(
        {.instance = instance,
         .epoch = hosted.host->plan().epoch,
         .last_done_step = stage.last_done,
         .step_in_progress = stage.in_progress,
         .in_progress_ms = std::chrono::duration_cast<std::chrono::milliseconds>(in_progress).count()});
  }
  return all;
}

// Bytes that this node has promised but not filled yet, less those that are being given back.
int64_t Hosting::own_unfilled_bytes() const {
  int64_t bytes = 0;
  for (const PromisedPlan* promised : promises_.all()) {
    auto hosted = hosts_.find(promised->plan.instance);
    const int64_t filled = hosted == hosts_.end() ? 0 : hosted->second.host->bytes_loaded();
    bytes += std::max<int64_t>(promised->reserved_bytes - filled, 0);
  }
  for (const auto& [number, closing] : closing_) bytes -= closing.bytes;
  return bytes;
}

// Bytes promised but not filled yet, by this node and by those others that share the memory in question.
int64_t Hosting::unfilled_bytes(const std::function<bool(const DeviceReport&)>& shares) const {
  int64_t bytes = own_unfilled_bytes();
  for (const NodeReport& other : members_.reports()) {
    if (other.node == around_.own || !shares(other.device)) continue;
    for (const ShardReport& shard : other.shards)
      bytes += std::max<int64_t>(shard.held_bytes - shard.bytes_loaded, 0);
  }
  return bytes;
}

Hosting::Room Hosting::room() const {
  const DeviceReport& own = settings_.own.device;
  Room room{.for_promises = std::max<int64_t>(own.free_bytes - promises_.reserved_bytes(), 0),
            .machine_free_bytes = 0};
  if (takes_nothing_new_) room.for_promises = 0;
  if (!settings_.measure_free_memory) return room;
  const FreeMemory measured = settings_.measure_free_memory();
  // At least 1, because 0 means that it is not known.
  room.machine_free_bytes =
      std::max<int64_t>(measured.machine_bytes - unfilled_bytes([&own](const DeviceReport& other) {
                          return !own.machine.empty() && other.machine == own.machine;
                        }),
                        1);
  room.for_promises = std::min(room.for_promises, room.machine_free_bytes);
  for (const MemoryGroup& group : measured.groups) {
    const int64_t unfilled = unfilled_bytes([&group](const DeviceReport& other) {
      return !group.id.empty() && find_group(other, group.id) != nullptr;
    });
    const int64_t free = std::max<int64_t>(group.free_bytes - unfilled, 0);
    room.for_promises = std::min(room.for_promises, free);
    if (!group.id.empty()) room.groups.push_back({.id = group.id, .free_bytes = free});
  }
  return room;
}

}  // namespace shoal
