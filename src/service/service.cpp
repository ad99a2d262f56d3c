#include "service/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

#include "base/log.h"
#include "base/log_filter.h"
#include "cluster/report_check.h"
#include "service/disk_models.h"
#include "service/head_requests.h"
#include "service/hosting.h"
#include "service/inbox.h"
#include "service/ingress_requests.h"
#include "service/membership.h"
#include "service/message_check.h"
#include "service/message_sender.h"
#include "service/model_inquiry.h"
#include "service/proposals.h"
#include "service/snapshot.h"
#include "service/unloading.h"

namespace shoal {
namespace {

// Reasons to drop a peer with a message that could not be taken: a stream of which something is missing is
// broken.
const Error not_taken{ErrorCode::resource_exhausted, "this node is stopping or overloaded"};
const Error too_fast{ErrorCode::resource_exhausted, "it sends faster than this node can hear it"};

// The most messages of one peer that may wait for the loop, some seconds of tokens; less than the loop's
// queue takes.
constexpr int64_t inbox_limit = 1 << 14;

// `post` hands the loop some work, which calls the given task when it ends; waits until then. Only that work
// keeps the task, so that a loop that drops the work ends the wait, too.
void wait_for(const std::function<bool(Task)>& post) {
  auto ended = std::make_shared<std::promise<void>>();
  const std::future<void> waited = ended->get_future();
  if (post([ended = std::move(ended)] { ended->set_value(); })) waited.wait();
}

// One handler for each kind of message; State::dispatch says which part takes which.
template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

}  // namespace

// The parts of a service, their connections, and everything that concerns more than one of them.
struct Service::State final : SenderEvents, ReportEvents {
  State(ServiceSettings service_settings, Loop& base_loop, LoopFactory& loops, EngineSource& engines,
        PeerCalls& peer_calls);

  void start();
  void tick();
  void join(NodeReport report);
  void lose(const NodeId& node, const Error& reason);
  void drop_silent();
  template <class Message>
  void take(const NodeId& from, Message message);
  void receive(const NodeId& from, PeerMessage message);
  void receive(const NodeId& from, const RingMessage& message);
  bool hears(const NodeId& from, const Judgement& judgement);
  Result<NodeReport> accept_report(NodeReport report);
  void drop(const NodeId& node, const Error& reason);
  void dispatch(const NodeId& from, PeerMessage message);
  void receive(const NodeId& from, Heartbeat heartbeat);
  void on_own_message(PeerMessage message) override;
  void on_stream_broken(const NodeId& node) override;
  void on_report_changed() override;
  void renew();    // renews the own report and the status
  void publish();  // shows the status to other threads
  void announce();
  NodeReport make_own_report() const;
  ServiceStatus make_status() const;
  void drain_overtaken();
  void drain(Duration patience, Task done);
  void check_drained();
  bool has_part_in_answers() const;
  bool is_answering(const Plan& plan) const;
  Error stopping() const;
  void warn_of_differences();
  void leave(Task done);
  void finish_leaving();

  const ServiceSettings settings;
  const ServiceLoop loop;
  PeerCalls& peers;
  const std::shared_ptr<Loop> files_loop, text_loop, long_text_loop, reaper_loop;
  Snapshot snapshot;
  Inbox inbox{inbox_limit};
  LogFilter told;
  RingPlaces rings;
  Membership members;
  MessageSender sender;
  DiskModels own_models;
  ModelInquiry inquiry;
  // Of two parts that call each other, the one that the other calls back is made first.
  HeadRequests head_requests;
  Hosting hosting;
  Unloading unloading;
  IngressRequests ingress;
  Proposals proposals;

  TimePoint last_tick{};
  std::vector<std::string> warnings;
  bool announcing = false;
  bool is_leaving = false;
  std::optional<TimePoint> drain_until;  // set: nothing new is taken
  TimePoint heads_know_at{};             // reports made from then on come from heads that know we stop
  std::vector<Task> drained;             // called when the last answer has ended
  std::vector<Task> left;                // called when everything is released
};

Service::State::State(ServiceSettings service_settings, Loop& base_loop, LoopFactory& loops,
                      EngineSource& engines, PeerCalls& peer_calls)
    : settings(std::move(service_settings)),
      loop(base_loop),
      peers(peer_calls),
      files_loop(loops.make_loop("files")),
      text_loop(loops.make_loop("text")),
      long_text_loop(loops.make_loop("long texts")),
      reaper_loop(loops.make_loop("reaper")),
      snapshot(settings.own),
      rings(settings.own.node),
      members(settings.own),
      sender(settings.own.node, loop, peers, *this),
      own_models(loop, files_loop, engines, *this),
      inquiry(settings.own.node, loop, files_loop, engines, sender, settings.plan_deadline),
      head_requests(loop, {.any = text_loop, .long_ones = long_text_loop}, sender, hosting,
                    settings.request_limit),
      hosting({.settings = settings,
               .shards = {.own = settings.own.node,
                          .loop = loop,
                          .loops = loops,
                          .engines = engines,
                          .peers = peers,
                          .rings = rings,
                          .scheduler = settings.scheduler,
                          .instance_events = head_requests},
               .members = members,
               .sender = sender,
               .own_models = own_models,
               .reaper_loop = reaper_loop,
               .report_events = *this}),
      unloading(loop, sender, members, hosting, head_requests, settings.plan_deadline),
      ingress({.settings = settings,
               .loop = loop,
               .members = members,
               .sender = sender,
               .proposals = proposals,
               .own_models = own_models}),
      proposals({.settings = settings,
                 .loop = loop,
                 .members = members,
                 .promises = hosting.promises(),
                 .sender = sender,
                 .inquiry = inquiry,
                 .unloading = unloading,
                 .random_seed = settings.own.incarnation},
                ingress) {}

void Service::State::start() {
  last_tick = loop.now();
  own_models.refresh({});
  tick();
}

// Sends heartbeats and looks after everything that has a deadline.
void Service::State::tick() {
  if (is_leaving) return;
  const TimePoint now = loop.now();
  const Duration late = now - last_tick - settings.heartbeat_interval;
  // Our process stood still; what others sent meanwhile still waits in our queue.
  if (late > settings.heartbeat_interval) members.excuse(late);
  last_tick = now;
  drop_silent();
  hosting.tick();
  hosting.release_outdated([this](const InstanceId& id) { return head_requests.active(id) == 0; });
  warn_of_differences();
  unloading.tick();
  ingress.tick();
  own_models.tick();
  drain_overtaken();
  check_drained();
  renew();
  announce();
  loop.post_after(settings.heartbeat_interval, [this] { tick(); });
}

void Service::State::drop_silent() {
  auto limit = [this](const NodeId& node) {
    const bool matters = hosting.depends_on(node) || ingress.depends_on(node);
    return matters ? settings.peer_silence_limit : settings.ingress_silence_limit;
  };
  for (const NodeId& node : members.silent_peers(loop.now(), limit)) {
    drop(node, {ErrorCode::unavailable,
                fmt::format("node {} has been silent for {:.1f} s", node, to_seconds(limit(node)))});
  }
}

// Of two instances of a model, left over from a cut network, the one with the lower epoch ends when it is
// idle.
void Service::State::drain_overtaken() {
  for (const ShardReport& shard : hosting.shards()) {
    if (!shard.is_head || head_requests.active(shard.instance) > 0) continue;
    const auto location = find_instance(members.reports(), shard.instance);
    if (!location || location->epoch <= shard.epoch) continue;
    hosting.release(shard.instance, shard.epoch,
                    {ErrorCode::unavailable, fmt::format("node {} serves it, too", location->head)});
  }
}

void Service::State::warn_of_differences() {
  std::vector<std::string> now = describe_differences(members.reports(), settings.own.node);
  for (const std::string& warning : now) {
    if (std::ranges::find(warnings, warning) == warnings.end()) log_warning("{}", warning);
  }
  if (now == warnings) return;
  warnings = std::move(now);
  publish();
}

void Service::State::join(NodeReport report) {
  if (is_leaving) return;
  const NodeReport& own = members.own();
  auto refuse = [&, node = report.node](std::string why) {
    told.warn(loop.now(), fmt::format("node {} may not join: {}", node, why));
    peers.drop_peer(node, {ErrorCode::permission_denied, std::move(why)});
  };
  if (report.node == own.node) {
    return refuse(fmt::format("it has this node's id {}; give one of them another --node-id", own.node));
  }
  if (report.version != own.version) {
    return refuse(fmt::format("it is version {}, this node is {}", report.version, own.version));
  }
  Result<NodeReport> accepted = accept_report(std::move(report));
  if (!accepted) return refuse(accepted.error().message);
  report = *std::move(accepted);
  const NodeReport* known = members.find(report.node);
  if (known != nullptr && known->incarnation != report.incarnation) {
    lose(report.node, {ErrorCode::unavailable, "it was started again"});
  }
  log_notice("node {} joined", report.node);
  snapshot.put(report);
  members.join(std::move(report), loop.now());
  on_report_changed();
}

void Service::State::lose(const NodeId& node, const Error& reason) {
  if (node == settings.own.node || !members.remove(node)) return;
  snapshot.remove(node);
  log_notice("lost node {}: {}", node, reason.message);
  hosting.node_lost(node);
  head_requests.node_lost(node);
  ingress.node_lost(node);
  inquiry.node_lost(node);
  proposals.node_lost(node);
  unloading.node_lost(node);
  on_report_changed();
}

// Runs on the network's threads and brings the message to the loop.
template <class Message>
void Service::State::take(const NodeId& from, Message message) {
  if (!inbox.try_enter(from)) return peers.drop_peer(from, too_fast);
  const bool posted = loop.post([this, from, moved = std::make_shared<Message>(std::move(message))] {
    inbox.leave(from);
    receive(from, std::move(*moved));
  });
  if (posted) return;
  inbox.leave(from);
  peers.drop_peer(from, not_taken);
}

void Service::State::on_own_message(PeerMessage message) { dispatch(settings.own.node, std::move(message)); }

void Service::State::on_stream_broken(const NodeId& node) {
  const Error reason{ErrorCode::unavailable, fmt::format("node {} takes no more messages", node)};
  if (members.find(node) != nullptr) peers.drop_peer(node, reason);
  lose(node, reason);
}

void Service::State::drop(const NodeId& node, const Error& reason) {
  peers.drop_peer(node, reason);
  lose(node, reason);
}

// Refuses a report that cannot be true, and removes shards whose epoch is not believed yet.
Result<NodeReport> Service::State::accept_report(NodeReport report) {
  if (Result<void> checked = check_report(report); !checked) return fail(checked.error());
  std::erase_if(report.shards, [&](const ShardReport& shard) {
    return !hosting.promises().learn(shard.instance, shard.epoch);
  });
  return report;
}

bool Service::State::hears(const NodeId& from, const Judgement& judgement) {
  switch (judgement.hearing) {
    case Hearing::heard: return true;
    case Hearing::stale: return false;
    case Hearing::refused:
      told.warn(loop.now(), fmt::format("not heard: node {} sent {}", from, judgement.reason));
      return false;
  }
  return false;
}

void Service::State::receive(const NodeId& from, PeerMessage message) {
  if (from == settings.own.node || !members.hear(from, loop.now())) return;
  if (hears(from, judge_message(hosting.promises(), settings.own.node, from, message))) {
    dispatch(from, std::move(message));
  }
}

// A message that belongs to no ring that has begun here. It is only judged, so that a warning is logged if no
// honest peer would send it.
void Service::State::receive(const NodeId& from, const RingMessage& message) {
  if (is_leaving || !members.hear(from, loop.now())) return;
  hears(from, judge_message(hosting.promises(), settings.own.node, from, message));
}

void Service::State::receive(const NodeId& from, Heartbeat heartbeat) {
  Result<NodeReport> report = accept_report(std::move(heartbeat.report));
  if (!report) {
    told.warn(loop.now(), fmt::format("dropped node {}: {}", from, report.error().message));
    return drop(from, {ErrorCode::permission_denied, report.error().message});
  }
  members.update(from, *std::move(report), loop.now());
  for (const Heartbeat::Progress& progress : heartbeat.progress) hosting.note_progress(from, progress);
  snapshot.put(*members.find(from));
  unloading.tick();
}

void Service::State::dispatch(const NodeId& from, PeerMessage message) {
  if (is_leaving) return;
  std::visit(Overloaded{
                 [&](Heartbeat& m) { receive(from, std::move(m)); },
                 [&](DescribeModel& m) { inquiry.receive(from, m); },
                 [&](ModelDescribed& m) { inquiry.receive(from, std::move(m)); },
                 [&](PreparePlan& m) { hosting.receive(from, m); },
                 [&](PlanPrepared& m) { proposals.receive(from, m); },
                 [&](CommitPlan& m) { hosting.receive(m); },
                 [&](ReleasePlan& m) {
                   hosting.receive(m);
                   proposals.receive(from, m);
                 },
                 [&](ShardLoaded& m) { hosting.receive(from, m); },
                 [&](SubmitRequest& m) {
                   if (drain_until) {
                     return sender.send(
                         from, RequestFailed{.request = m.request, .epoch = m.epoch, .error = stopping()});
                   }
                   hosting.commit_is_implied(from, m.instance, m.epoch);
                   head_requests.receive(from, std::move(m));
                 },
                 [&](RequestAccepted& m) { ingress.receive(from, std::move(m)); },
                 [&](TokenDelivery& m) { ingress.receive(from, std::move(m)); },
                 [&](ChoiceFinished& m) { ingress.receive(from, std::move(m)); },
                 [&](RequestFailed& m) { ingress.receive(from, std::move(m)); },
                 [&](CancelRequest& m) { head_requests.receive(from, m); },
                 [&](UnloadModel& m) { unloading.receive(from, m); },
                 [&](ModelUnloaded& m) { unloading.receive(from, m); },
                 [&](Goodbye&) { lose(from, {ErrorCode::unavailable, "it left"}); },
             },
             message);
}

// Others hear of the change at once, but only one message for all changes in one turn of the loop.
void Service::State::on_report_changed() {
  renew();
  finish_leaving();
  if (std::exchange(announcing, true)) return;
  const bool posted = loop.post([this] {
    announcing = false;
    if (is_leaving) return;
    announce();
    unloading.tick();
  });
  if (!posted) announcing = false;
}

void Service::State::publish() {
  std::map<std::string, int64_t> context_lengths = own_models.context_lengths();
  for (const ShardReport& shard : hosting.shards()) {  // less than on disk where memory is short
    const InstanceHead* head = hosting.find_head(shard.instance);
    if (head != nullptr && head->is_ready()) context_lengths[shard.instance] = head->context_length();
  }
  snapshot.publish(make_status(), std::move(context_lengths), warnings);
}

void Service::State::renew() {
  members.set_own(make_own_report());
  snapshot.put(members.own());
  publish();
}

void Service::State::announce() {
  const Heartbeat heartbeat{.report = members.own(), .progress = hosting.progress(loop.now())};
  for (const NodeId& peer : members.peers()) sender.send(peer, heartbeat);
}

NodeReport Service::State::make_own_report() const {
  NodeReport report = settings.own;
  if (!drain_until) report.models = own_models.all();
  report.models.resize(static_cast<size_t>(reportable_models(report.models)));
  report.shards = hosting.shards();
  for (ShardReport& shard : report.shards) {
    if (shard.is_head) shard.last_used_ms_ago = head_requests.idle_ms(shard.instance);
  }
  Hosting::Room room = hosting.room();
  report.device.machine_free_bytes = room.machine_free_bytes;
  report.device.memory_groups = std::move(room.groups);
  report.device.free_bytes = room.for_promises;
  return report;
}

ServiceStatus Service::State::make_status() const {
  ServiceStatus status{.active_requests = ingress.count(),
                       .requests_total = ingress.total(),
                       .failed_total = ingress.failed(),
                       .scheduler = std::nullopt};
  int64_t least_idle = 0;
  for (const ShardReport& shard : hosting.shards()) {
    const InstanceHead* head = hosting.find_head(shard.instance);
    if (head == nullptr || !head->is_ready()) continue;
    const int64_t idle = head_requests.idle_ms(shard.instance);
    if (status.scheduler.has_value() && idle >= least_idle) continue;
    status.scheduler = head->status();
    least_idle = idle;
  }
  return status;
}

Error Service::State::stopping() const {
  return {ErrorCode::unavailable, fmt::format("node {} is stopping", settings.own.node)};
}

// Whether this node answers somebody, has a request of a client of its own, or holds layers of an instance
// whose head answers somebody.
bool Service::State::has_part_in_answers() const {
  if (ingress.count() > 0 || head_requests.count() > 0) return true;
  return std::ranges::any_of(hosting.plans(), [this](const Plan* plan) { return is_answering(*plan); });
}

// Another head's report says whether it answers. One made before it could know that we stop counts as
// answering.
bool Service::State::is_answering(const Plan& plan) const {
  const NodeId& head = plan.head();
  if (head == settings.own.node) return head_requests.active(plan.instance) > 0;
  const NodeReport* report = members.find(head);
  if (report == nullptr) return false;
  if (!members.has_reported_since(head, heads_know_at)) return true;
  return std::ranges::any_of(report->shards, [&plan](const ShardReport& shard) {
    return shard.is_head && shard.is_loaded && shard.instance == plan.instance && shard.epoch == plan.epoch &&
           shard.last_used_ms_ago == 0;
  });
}

void Service::State::drain(Duration patience, Task done) {
  drained.push_back(std::move(done));
  if (is_leaving) return check_drained();
  if (!drain_until) heads_know_at = loop.now() + settings.heartbeat_interval;
  drain_until = std::min(drain_until.value_or(TimePoint::max()), loop.now() + patience);
  hosting.take_nothing_new();
  if (has_part_in_answers()) {
    log_notice("stopping: answers are being finished, for {:.0f} s at most; Ctrl-C ends at once",
               to_seconds(patience));
  }
  on_report_changed();
  check_drained();
}

void Service::State::check_drained() {
  if (drained.empty()) return;
  if (!is_leaving && loop.now() < *drain_until && has_part_in_answers()) return;
  for (const Task& done : std::exchange(drained, {})) done();
}

void Service::State::leave(Task done) {
  left.push_back(std::move(done));
  if (!std::exchange(is_leaving, true)) {
    for (const NodeId& peer : members.peers()) sender.send(peer, Goodbye{});
    proposals.close();
    ingress.close();
    inquiry.close();
    unloading.close();
    hosting.release_all({ErrorCode::unavailable, "the node is stopping"});
    head_requests.close();
    renew();
  }
  check_drained();
  finish_leaving();
}

void Service::State::finish_leaving() {
  if (!is_leaving || !hosting.is_empty()) return;
  for (const Task& done : std::exchange(left, {})) done();
}

Service::Service(ServiceSettings settings, Loop& loop, LoopFactory& loops, EngineSource& engines,
                 PeerCalls& peers)
    : state_(std::make_shared<State>(std::move(settings), loop, loops, engines, peers)) {
  state_->loop.bind(std::weak_ptr<void>(state_));
}

Service::~Service() { stop(); }

void Service::start() {
  state_->loop.post([state = state_.get()] { state->start(); });
}

void Service::drain(Duration patience, std::function<void()> done) {
  state_->loop.post(
      [state = state_.get(), patience, done = std::move(done)] { state->drain(patience, done); });
}

void Service::finish_answers(Duration patience) {
  wait_for([&](Task done) {
    return state_->loop.post(
        [state = state_.get(), patience, done = std::move(done)] { state->drain(patience, done); });
  });
}

void Service::leave(std::function<void()> done) {
  state_->loop.post([state = state_.get(), done = std::move(done)] { state->leave(done); });
}

void Service::stop() {
  wait_for([this](Task done) {
    return state_->loop.post([state = state_.get(), done = std::move(done)] { state->leave(done); });
  });
}

void Service::submit(ServiceRequest request, std::shared_ptr<ResponseSink> sink) {
  const bool posted = state_->loop.post([state = state_.get(), request = std::move(request), sink]() mutable {
    if (state->is_leaving || state->drain_until) return sink->on_failed(state->stopping());
    state->ingress.submit(std::move(request), sink);
    state->publish();
  });
  if (!posted) sink->on_failed({ErrorCode::unavailable, "this node is stopping or overloaded"});
}

void Service::cancel(const RequestId& request) {
  state_->loop.post([state = state_.get(), request] { state->ingress.cancel(request); });
}

void Service::unload(const std::string& model, std::function<void(Result<void>)> done) {
  const bool posted = state_->loop.post([state = state_.get(), model, done] {
    if (state->is_leaving) return done(fail(ErrorCode::unavailable, "this node is stopping"));
    state->unloading.unload(model, done);
  });
  if (!posted) done(fail(ErrorCode::unavailable, "this node is stopping or overloaded"));
}

ClusterView Service::cluster() const { return state_->snapshot.cluster(); }
std::vector<ModelView> Service::models() const { return state_->snapshot.models(); }
ServiceStatus Service::status() const { return state_->snapshot.status(); }
NodeReport Service::own_report() { return state_->snapshot.own_report(); }

void Service::on_peer_joined(NodeReport report) {
  state_->loop.post(
      [state = state_.get(), report = std::move(report)]() mutable { state->join(std::move(report)); });
}

void Service::on_peer_lost(NodeId node, Error reason) {
  state_->loop.post([state = state_.get(), node = std::move(node), reason = std::move(reason)] {
    state->lose(node, reason);
  });
}

void Service::on_peer_message(NodeId from, PeerMessage message) { state_->take(from, std::move(message)); }
void Service::on_ring_message(NodeId from, RingMessage message) {
  if (!state_->rings.deliver(from, message)) state_->take(from, std::move(message));
}

}  // namespace shoal
