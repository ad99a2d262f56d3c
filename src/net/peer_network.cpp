#include "net/peer_network.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <future>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/os.h"
#include "net/address.h"
#include "net/candidates.h"
#include "net/completion_loop.h"
#include "net/connection.h"
#include "net/handshake.h"
#include "net/listener.h"
#include "net/log_filter.h"

namespace shoal {
namespace {

constexpr const char* control_method = "/shoal.wire.Peer/Control";
constexpr const char* ring_method = "/shoal.wire.Peer/Ring";

void quieten_grpc() {
  static const bool once = [] {
    gpr_set_log_function([](gpr_log_func_args* line) {
      if (std::string_view(line->message).starts_with("assertion failed"))
        log_error("grpc: {}", line->message);
      log_debug(5, "grpc: {}", line->message);
    });
    return true;
  }();
  (void)once;
}

// The same at both ends. Windows and frames are large, because prefill sends megabytes; pings find dead
// links.
template <class SetInt>
void set_channel_options(const PeerNetworkSettings& settings, SetInt set_int) {
  constexpr int window_bytes = 16 << 20;
  constexpr int frame_bytes = 4 << 20;
  constexpr int ping_interval_ms = 5000;
  constexpr int ping_timeout_ms = 3000;
  set_int(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, static_cast<int>(settings.message_bytes_limit));
  set_int(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, window_bytes);
  set_int(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, frame_bytes);
  set_int(GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE, frame_bytes);
  set_int(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  set_int(GRPC_ARG_KEEPALIVE_TIME_MS, ping_interval_ms);
  set_int(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, ping_timeout_ms);
  set_int(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set_int(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  set_int(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  set_int(GRPC_ARG_MAX_CONCURRENT_STREAMS, 4);
}

// What other threads need of a connection.
struct PeerHandle {
  std::shared_ptr<Outbox> control, ring;
  std::weak_ptr<Connection> connection;
  std::atomic<bool> ring_wanted = false;
};

}  // namespace

// Everything but what is guarded is owned by the completion loop's thread.
class PeerNetwork::State final : public ConnectionEvents, public std::enable_shared_from_this<State> {
 public:
  State(PeerNetworkSettings settings, Listener listener)
      : settings_(std::move(settings)),
        listener_(std::move(listener)),
        candidates_({.lifetime = settings_.candidate_lifetime,
                     .first_retry = settings_.first_retry,
                     .longest_retry = settings_.longest_retry},
                    os::random_bits()) {}

  int32_t port() const { return listener_.port(); }
  Result<void> start(PeerEvents& events);
  void stop();

  // Any thread.
  void add_candidate(PeerCandidate candidate);
  bool send(const NodeId& to, const PeerMessage& message);
  std::shared_ptr<PeerLink> open_link(const NodeId& to);
  void drop(const std::weak_ptr<Connection>& connection, Error reason);
  void drop_peer(const NodeId& node, Error reason);

  void on_hello(const std::shared_ptr<Connection>& connection, Hello hello) override;
  void on_ready(const std::shared_ptr<Connection>& connection) override { join(connection); }
  void on_open_ring(const std::shared_ptr<Connection>& connection) override { open_ring(connection); }
  void on_message(const std::shared_ptr<Connection>& connection, PeerMessage message) override;
  void on_ring_message(const std::shared_ptr<Connection>& connection, RingMessage message) override;
  void on_ended(const std::shared_ptr<Connection>& connection, Error reason) override;

 private:
  class RingGreeter;

  void post(std::function<void(State&)> task);
  std::shared_ptr<PeerHandle> find_peer(const NodeId& node);
  Outbox::Limits outbox_limits(const PeerNetworkSettings::QueueLimits& queue) const;
  NodeReport own_report();

  void wait_for_call();
  void accept_control(const std::shared_ptr<ServerCall>& call);
  void accept_ring(const std::shared_ptr<ServerCall>& call);
  void match_ring(RingGreeter& greeter, std::span<const std::string_view> pieces);
  void retire(Call* call);
  void delete_settled(std::shared_ptr<Call> call);

  void dial_due();
  void dial(const PeerCandidate& candidate);
  std::shared_ptr<ClientCall> make_call(const std::string& address, int32_t port, const char* method);
  void hello_of_dialled(const std::shared_ptr<Connection>& connection, Hello hello);
  void hello_of_accepted(const std::shared_ptr<Connection>& connection, Hello hello);
  bool make_way(const std::shared_ptr<Connection>& connection, const Hello& hello);
  void refuse_parked(const std::shared_ptr<Connection>& connection);
  void resume_parked(const NodeId& node);
  void greet(const std::shared_ptr<Connection>& connection, const Hello& hello);
  void join(const std::shared_ptr<Connection>& connection);
  void open_ring(const std::shared_ptr<Connection>& connection);
  void tell(const std::string& text);
  void begin_stop();
  void check_drained();

  const PeerNetworkSettings settings_;
  Listener listener_;
  PeerEvents* events_ = nullptr;
  NodeReport identity_;  // id, incarnation and version never change
  std::unique_ptr<CompletionLoop> loop_;
  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;

  Candidates candidates_;
  TimePoint dial_timer_ = TimePoint::max();
  LogFilter told_;
  std::map<Call*, std::shared_ptr<Call>> calls_;  // every stream that gRPC still knows
  int64_t retiring_ = 0;                          // streams that are over, and about to be deleted
  std::shared_ptr<ServerCall> waiting_call_;      // for the next stream from outside
  std::map<Call*, std::unique_ptr<RingGreeter>> ring_greeters_;
  std::set<std::shared_ptr<Connection>> connections_;       // all that have not ended
  std::map<NodeId, std::shared_ptr<Connection>> dialled_;   // by whom they should reach, not yet joined
  std::map<NodeId, std::shared_ptr<Connection>> accepted_;  // have said hello, not yet joined, nor parked
  std::map<NodeId, std::shared_ptr<Connection>> joined_;
  bool stopping_ = false;
  bool has_lingered_ = false;
  bool is_server_down_ = false;
  std::promise<void> drained_;  // every stream is over
  bool is_drained_ = false;
  std::promise<void> emptied_;  // and none will come
  bool is_emptied_ = false;

  Mutex mutex_;
  bool started_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::map<NodeId, std::shared_ptr<PeerHandle>> peers_ GUARDED_BY(mutex_);  // joined ones
};

// Waits for the first word on a ring stream, which says whose it is.
class PeerNetwork::State::RingGreeter final : public CallHandler {
 public:
  RingGreeter(State& state, std::shared_ptr<ServerCall> call) : state_(state), call_(std::move(call)) {}
  void on_frame(std::span<const std::string_view> pieces) override { state_.match_ring(*this, pieces); }
  void on_ended(Error) override { state_.ring_greeters_.erase(call_.get()); }
  const std::shared_ptr<ServerCall>& call() const { return call_; }

 private:
  State& state_;
  std::shared_ptr<ServerCall> call_;
};

namespace {

class BrokenLink final : public PeerLink {
 public:
  bool send(RingMessage) override { return false; }
};

}  // namespace

// ---- any thread

Result<void> PeerNetwork::State::start(PeerEvents& events) {
  {
    MutexLock lock(mutex_);
    CHECK(!std::exchange(started_, true));
    if (stopped_) return fail(ErrorCode::cancelled, "the peer network has been stopped");
  }
  quieten_grpc();
  events_ = &events;
  identity_ = events.own_report();
  grpc::ServerBuilder builder;
  set_channel_options(settings_,
                      [&](const char* name, int value) { builder.AddChannelArgument(name, value); });
  builder.RegisterAsyncGenericService(&service_);
  acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  loop_ = std::make_unique<CompletionLoop>(builder.AddCompletionQueue());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return fail(ErrorCode::internal, "gRPC could not start its server");
  wait_for_call();
  loop_->start();
  listener_.start([this](int socket) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = socket;
    acceptor_->HandleNewConnection(&connection);
  });
  return {};
}

void PeerNetwork::State::stop() {
  bool was_started = false;
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    was_started = started_;
    peers_.clear();
  }
  listener_.stop();
  if (!was_started || server_ == nullptr) return;
  loop_->post([this] { begin_stop(); });
  drained_.get_future().wait();
  server_->Shutdown(std::chrono::system_clock::now());
  // A stream from outside may have come in until now.
  loop_->post([this] {
    is_server_down_ = true;
    check_drained();
  });
  emptied_.get_future().wait();
  loop_->close();
  server_.reset();
  acceptor_.reset();
}

void PeerNetwork::State::post(std::function<void(State&)> task) {
  {
    MutexLock lock(mutex_);
    if (stopped_ || !started_) return;
  }
  loop_->post([this, task = std::move(task)] { task(*this); });
}

void PeerNetwork::State::add_candidate(PeerCandidate candidate) {
  post([candidate = std::move(candidate)](State& self) {
    if (self.stopping_) return;
    self.candidates_.see(candidate, std::chrono::steady_clock::now());
    self.dial_due();
  });
}

std::shared_ptr<PeerHandle> PeerNetwork::State::find_peer(const NodeId& node) {
  MutexLock lock(mutex_);
  const auto found = peers_.find(node);
  return found == peers_.end() ? nullptr : found->second;
}

bool PeerNetwork::State::send(const NodeId& to, const PeerMessage& message) {
  const auto peer = find_peer(to);
  return peer != nullptr && peer->control->push(encode(ControlFrame(message))) == Outbox::Push::taken;
}

void PeerNetwork::State::drop(const std::weak_ptr<Connection>& connection, Error reason) {
  post([connection, reason = std::move(reason)](State&) {
    if (const auto dropped = connection.lock()) dropped->end(reason);
  });
}

void PeerNetwork::State::drop_peer(const NodeId& node, Error reason) {
  if (const auto peer = find_peer(node)) drop(peer->connection, std::move(reason));
}

std::shared_ptr<PeerLink> PeerNetwork::State::open_link(const NodeId& to) {
  class RingLink final : public PeerLink {
   public:
    RingLink(std::weak_ptr<State> state, std::shared_ptr<PeerHandle> peer)
        : state_(std::move(state)), peer_(std::move(peer)) {}

    bool send(RingMessage message) override {
      const Outbox::Push push = peer_->ring->push(encode(RingFrame(std::move(message))));
      if (push == Outbox::Push::taken) return true;
      if (push == Outbox::Push::closed) return false;
      peer_->ring->close();  // the promise: nothing that follows arrives
      const char* what = push == Outbox::Push::full ? "its queue for steps is full: it reads too slowly"
                                                    : "a step is larger than a message may be";
      if (const auto state = state_.lock())
        state->drop(peer_->connection, {ErrorCode::resource_exhausted, what});
      return false;
    }

   private:
    std::weak_ptr<State> state_;
    std::shared_ptr<PeerHandle> peer_;
  };
  auto peer = find_peer(to);
  if (peer == nullptr) return std::make_shared<BrokenLink>();
  if (!peer->ring_wanted.exchange(true)) {
    post([peer](State& self) {
      const auto connection = peer->connection.lock();
      if (connection == nullptr || connection->phase != Connection::Phase::joined) return;
      if (connection->settings().is_dialled) {
        self.open_ring(connection);
      } else if (!connection->has_ring()) {
        connection->send(OpenRing{});
      }
    });
  }
  return std::make_shared<RingLink>(weak_from_this(), std::move(peer));
}

// ---- on the loop: streams

Outbox::Limits PeerNetwork::State::outbox_limits(const PeerNetworkSettings::QueueLimits& queue) const {
  return {.frames = queue.frames, .bytes = queue.bytes, .frame_bytes = settings_.message_bytes_limit};
}

NodeReport PeerNetwork::State::own_report() {
  NodeReport report = events_->own_report();
  report.peer_port = port();
  return report;
}

void PeerNetwork::State::retire(Call* call) {
  // Its own code is still running; it goes when that has returned.
  auto node = calls_.extract(call);
  std::shared_ptr<Call> done =
      node.empty() ? std::shared_ptr<Call>(std::move(waiting_call_)) : std::move(node.mapped());
  ++retiring_;
  loop_->post_after(Duration::zero(),
                    [this, done = std::move(done)]() mutable { delete_settled(std::move(done)); });
}

// gRPC loses the socket of a channel that is deleted while it connects (seen with 1.51), so such a one waits
// until it has connected or failed, both of which have a deadline.
void PeerNetwork::State::delete_settled(std::shared_ptr<Call> call) {
  if (call->is_connecting() && !has_lingered_) {
    loop_->post_after(std::chrono::milliseconds(10),
                      [this, call = std::move(call)]() mutable { delete_settled(std::move(call)); });
    return;
  }
  call.reset();
  --retiring_;
  check_drained();
}

void PeerNetwork::State::wait_for_call() {
  waiting_call_ = std::make_shared<ServerCall>(
      *loop_, service_,
      [this](const std::shared_ptr<ServerCall>& call) {
        calls_.emplace(call.get(), call);
        waiting_call_.reset();
        if (stopping_) {
          call->refuse({ErrorCode::unavailable, "this node is leaving"});
          return;
        }
        wait_for_call();
        if (call->method() == control_method) {
          accept_control(call);
        } else if (call->method() == ring_method) {
          accept_ring(call);
        } else {
          call->refuse({ErrorCode::not_found, fmt::format("there is no method {}", call->method())});
        }
      },
      [this](Call* call) { retire(call); });
  waiting_call_->wait_for_stream();
}

void PeerNetwork::State::accept_control(const std::shared_ptr<ServerCall>& call) {
  if (std::ssize(connections_) >= settings_.peer_limit) {
    call->refuse({ErrorCode::resource_exhausted, fmt::format("node {} has {} connections, which is its limit",
                                                             identity_.node, connections_.size())});
    return;
  }
  auto connection = std::make_shared<Connection>(
      *this, Connection::Settings{.control = outbox_limits(settings_.control_queue),
                                  .ring = outbox_limits(settings_.ring_queue),
                                  .version = identity_.version,
                                  .is_dialled = false,
                                  .address = call->peer_address(),
                                  .port = 0,
                                  .expected = {}});
  connections_.insert(connection);
  connection->set_control(call);
  call->start_reading();
  loop_->post_after(settings_.handshake_deadline, [weak = std::weak_ptr(connection)] {
    const auto late = weak.lock();
    if (late == nullptr || late->phase == Connection::Phase::joined) return;
    late->end({ErrorCode::deadline_exceeded, fmt::format("{} did not finish its handshake", late->name())});
  });
}

void PeerNetwork::State::accept_ring(const std::shared_ptr<ServerCall>& call) {
  auto greeter = std::make_unique<RingGreeter>(*this, call);
  call->set_handler(greeter.get());
  ring_greeters_.emplace(call.get(), std::move(greeter));
  call->start_reading();
  loop_->post_after(settings_.handshake_deadline, [this, weak = std::weak_ptr(call)] {
    const auto late = weak.lock();
    if (late != nullptr && ring_greeters_.contains(late.get())) {
      late->cancel({ErrorCode::deadline_exceeded, "a ring stream without a hello"});
    }
  });
}

void PeerNetwork::State::match_ring(RingGreeter& greeter, std::span<const std::string_view> pieces) {
  const std::shared_ptr<ServerCall> call = greeter.call();
  call->set_handler(nullptr);
  ring_greeters_.erase(call.get());
  const auto frame = decode_ring(pieces);
  const auto* hello = frame ? std::get_if<RingHello>(&*frame) : nullptr;
  const auto found = hello == nullptr ? joined_.end() : joined_.find(hello->node);
  if (found == joined_.end() || found->second->settings().is_dialled ||
      found->second->ring_key != hello->ring_key || found->second->has_ring()) {
    call->refuse({ErrorCode::permission_denied, "a ring stream that belongs to no connection"});
    return;
  }
  found->second->set_ring(call);
}

// ---- on the loop: dialling

void PeerNetwork::State::tell(const std::string& text) {
  if (told_.is_news(text, std::chrono::steady_clock::now())) {
    log_warning("{}", text);
  } else {
    log_debug(2, "{}", text);
  }
}

void PeerNetwork::State::dial_due() {
  if (stopping_) return;
  const TimePoint now = std::chrono::steady_clock::now();
  for (const PeerCandidate& candidate : candidates_.take_due(now)) {
    // A node that is about to be connected the other way needs no dialling, unless that comes to nothing.
    if (joined_.contains(candidate.node) || accepted_.contains(candidate.node)) {
      candidates_.failed(candidate.node, now);
    } else {
      dial(candidate);
    }
  }
  const auto next = candidates_.next_due();
  if (!next || *next >= dial_timer_) return;
  dial_timer_ = *next;
  loop_->post_after(std::max(*next - now, Duration(std::chrono::milliseconds(10))), [this, time = *next] {
    if (dial_timer_ != time) return;  // an earlier one has taken its place
    dial_timer_ = TimePoint::max();
    dial_due();
  });
}

std::shared_ptr<ClientCall> PeerNetwork::State::make_call(const std::string& address, int32_t port,
                                                          const char* method) {
  grpc::ChannelArguments arguments;
  set_channel_options(settings_, [&](const char* name, int value) { arguments.SetInt(name, value); });
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  const auto deadline_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(settings_.dial_deadline).count();
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   static_cast<int>(deadline_ms));  // the deadline of an attempt
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  auto channel =
      grpc::CreateCustomChannel(grpc_target(address, port), grpc::InsecureChannelCredentials(), arguments);
  auto call =
      std::make_shared<ClientCall>(*loop_, std::move(channel), method, [this](Call* done) { retire(done); });
  calls_.emplace(call.get(), call);
  return call;
}

void PeerNetwork::State::dial(const PeerCandidate& candidate) {
  const std::string place = host_and_port(candidate.address, candidate.port);
  if (classify_address(candidate.address) == AddressKind::other) {
    tell(fmt::format("node {} is not dialled at {}: without a secret only private networks are used",
                     candidate.node, place));
    candidates_.failed(candidate.node, std::chrono::steady_clock::now());
    return;
  }
  log_debug(2, "dialling {} at {}", candidate.node, place);
  auto connection = std::make_shared<Connection>(
      *this, Connection::Settings{.control = outbox_limits(settings_.control_queue),
                                  .ring = outbox_limits(settings_.ring_queue),
                                  .version = identity_.version,
                                  .is_dialled = true,
                                  .address = candidate.address,
                                  .port = candidate.port,
                                  .expected = candidate.node});
  connections_.insert(connection);
  dialled_[candidate.node] = connection;
  const auto call = make_call(candidate.address, candidate.port, control_method);
  connection->set_control(call);
  connection->send(Hello{.expected_node = candidate.node, .report = own_report(), .ring_key = 0});
  call->start();
  loop_->post_after(settings_.dial_deadline, [weak = std::weak_ptr(connection), place] {
    const auto late = weak.lock();
    if (late == nullptr || late->phase == Connection::Phase::joined) return;
    late->end({ErrorCode::deadline_exceeded, fmt::format("no answer from {}", place)});
  });
}

// ---- on the loop: the handshake

void PeerNetwork::State::on_hello(const std::shared_ptr<Connection>& connection, Hello hello) {
  if (connection->settings().is_dialled) {
    hello_of_dialled(connection, std::move(hello));
  } else {
    hello_of_accepted(connection, std::move(hello));
  }
}

void PeerNetwork::State::hello_of_dialled(const std::shared_ptr<Connection>& connection, Hello hello) {
  const Connection::Settings& settings = connection->settings();
  hello.expected_node.clear();  // they know whom they answer
  auto refusal = judge_hello(identity_, hello, settings.address);
  if (!refusal && hello.report.node != settings.expected) {
    refusal = Error{ErrorCode::not_found, fmt::format("there is node {}", hello.report.node)};
  }
  if (!refusal && joined_.contains(settings.expected)) {
    refusal = Error{ErrorCode::cancelled, "already connected"};
  }
  if (refusal) {
    connection->end(*std::move(refusal));
    return;
  }
  connection->report = std::move(hello.report);
  connection->report.address = settings.address;
  connection->ring_key = hello.ring_key;
  connection->send(Ready{});
  join(connection);
}

void PeerNetwork::State::hello_of_accepted(const std::shared_ptr<Connection>& connection, Hello hello) {
  const std::string& address = connection->settings().address;
  if (auto refusal = judge_hello(identity_, hello, address)) {
    if (is_worth_telling(*refusal))
      tell(fmt::format("refused the node at {}: {}", address, refusal->message));
    connection->refuse(*refusal);
    return;
  }
  connection->report.node = hello.report.node;
  if (make_way(connection, hello)) greet(connection, hello);
}

// One connection for each pair. While another one stands or is being made, this one waits: it may be a
// leftover of a dial that has been given up, or the other may be dead without our knowing it yet.
bool PeerNetwork::State::make_way(const std::shared_ptr<Connection>& connection, const Hello& hello) {
  const NodeId node = hello.report.node;
  const auto own = dialled_.find(node);
  const bool own_dial_stays = own != dialled_.end() && own_dial_wins(identity_.node, node);
  if (joined_.contains(node) || accepted_.contains(node) || own_dial_stays) {
    connection->phase = Connection::Phase::parked;
    connection->parked_hello = hello;
    loop_->post_after(settings_.other_connection_patience, [this, weak = std::weak_ptr(connection)] {
      const auto waiting = weak.lock();
      if (waiting != nullptr && waiting->phase == Connection::Phase::parked) refuse_parked(waiting);
    });
    return false;
  }
  if (own != dialled_.end()) {
    own->second->end({ErrorCode::cancelled, fmt::format("{} has dialled this node at the same time", node)});
  }
  return true;
}

// The other connection has turned out to be alive.
void PeerNetwork::State::refuse_parked(const std::shared_ptr<Connection>& connection) {
  const NodeReport& report = connection->parked_hello.report;
  const auto found = joined_.find(report.node);
  if (found == joined_.end() || found->second->report.incarnation == report.incarnation) {
    connection->refuse(
        {ErrorCode::cancelled, fmt::format("there is another connection to {}", identity_.node)});
    return;
  }
  const Error refusal = two_nodes_error(
      report.node,
      fmt::format("one at {}, which is connected to {}", found->second->settings().address, identity_.node),
      fmt::format("one at {}", connection->settings().address));
  tell(refusal.message);
  connection->refuse(refusal);
}

void PeerNetwork::State::greet(const std::shared_ptr<Connection>& connection, const Hello& hello) {
  connection->phase = Connection::Phase::greeted;
  connection->report = hello.report;
  connection->report.address = connection->settings().address;
  connection->ring_key = os::random_bits();
  accepted_[hello.report.node] = connection;
  connection->send(
      Hello{.expected_node = hello.report.node, .report = own_report(), .ring_key = connection->ring_key});
}

// Something that others from this node have waited for has ended, or has become the connection.
void PeerNetwork::State::resume_parked(const NodeId& node) {
  std::vector<std::shared_ptr<Connection>> parked;
  for (const auto& connection : connections_) {
    if (connection->phase == Connection::Phase::parked && connection->report.node == node)
      parked.push_back(connection);
  }
  const auto joined = joined_.find(node);
  for (const auto& connection : parked) {
    if (connection->phase != Connection::Phase::parked) continue;
    if (joined == joined_.end()) {
      connection->phase = Connection::Phase::opening;
      const Hello hello = std::move(connection->parked_hello);
      if (make_way(connection, hello)) greet(connection, hello);
    } else if (joined->second->report.incarnation == connection->parked_hello.report.incarnation) {
      refuse_parked(connection);
    }
  }
}

void PeerNetwork::State::join(const std::shared_ptr<Connection>& connection) {
  const NodeId node = connection->report.node;
  connection->phase = Connection::Phase::joined;
  dialled_.erase(node);
  accepted_.erase(node);
  joined_[node] = connection;
  candidates_.joined(node, std::chrono::steady_clock::now());
  if (connection->settings()
          .is_dialled) {  // it opens the ring stream, if there is to be one; this comes first there
    connection->ring()->push(
        encode(RingFrame(RingHello{.node = identity_.node, .ring_key = connection->ring_key})));
  }
  auto handle = std::make_shared<PeerHandle>();
  handle->control = connection->control();
  handle->ring = connection->ring();
  handle->connection = connection;
  {
    MutexLock lock(mutex_);
    if (stopped_) return;
    peers_[node] = std::move(handle);
  }
  log_debug(1, "connected to {}", connection->name());
  events_->on_peer_joined(connection->report);
  resume_parked(node);
}

void PeerNetwork::State::open_ring(const std::shared_ptr<Connection>& connection) {
  if (connection->phase != Connection::Phase::joined || connection->has_ring()) return;
  const Connection::Settings& settings = connection->settings();
  const auto call = make_call(settings.address, settings.port, ring_method);
  connection->set_ring(call);
  call->start();
}

// ---- on the loop: messages and the end

void PeerNetwork::State::on_message(const std::shared_ptr<Connection>& connection, PeerMessage message) {
  if (!stopping_) events_->on_peer_message(connection->report.node, std::move(message));
}

void PeerNetwork::State::on_ring_message(const std::shared_ptr<Connection>& connection, RingMessage message) {
  if (!stopping_) events_->on_ring_message(connection->report.node, std::move(message));
}

void PeerNetwork::State::on_ended(const std::shared_ptr<Connection>& connection, Error reason) {
  auto erase_from = [&](std::map<NodeId, std::shared_ptr<Connection>>& map, const NodeId& node) {
    const auto found = map.find(node);
    if (found == map.end() || found->second != connection) return false;
    map.erase(found);
    return true;
  };
  const Connection::Settings& settings = connection->settings();
  const TimePoint now = std::chrono::steady_clock::now();
  connections_.erase(connection);
  if (erase_from(joined_, connection->report.node)) {
    const NodeId node = connection->report.node;
    {
      MutexLock lock(mutex_);
      peers_.erase(node);
    }
    candidates_.lost(node, now);
    log_debug(1, "lost {}: {}", connection->name(), reason.message);
    if (!stopping_) events_->on_peer_lost(node, std::move(reason));
    if (!stopping_) resume_parked(node);
  } else if (erase_from(dialled_, settings.expected)) {
    candidates_.failed(settings.expected, now);
    const std::string text = fmt::format("cannot join {} at {}: {}", settings.expected,
                                         host_and_port(settings.address, settings.port), reason.message);
    if (is_worth_telling(reason) && !stopping_) {
      tell(text);
    } else {
      log_debug(2, "{}", text);
    }
    if (!stopping_) resume_parked(settings.expected);
  } else {
    log_debug(2, "{} did not join: {}", connection->name(), reason.message);
    const bool was_greeted = erase_from(accepted_, connection->report.node);
    if (was_greeted && !stopping_) resume_parked(connection->report.node);
  }
  if (!stopping_) dial_due();
}

void PeerNetwork::State::begin_stop() {
  stopping_ = true;
  for (const auto& connection : std::vector(connections_.begin(), connections_.end())) {
    if (connection->phase == Connection::Phase::joined) {
      connection->close();
    } else {
      connection->end({ErrorCode::cancelled, "this node is leaving"});
    }
  }
  loop_->post_after(settings_.linger, [this] {
    has_lingered_ = true;
    for (const auto& connection : std::vector(connections_.begin(), connections_.end())) {
      connection->end({ErrorCode::cancelled, "this node is leaving"});
    }
    for (const auto& [key, call] : std::map(calls_))
      call->cancel({ErrorCode::cancelled, "this node is leaving"});
  });
  check_drained();
}

void PeerNetwork::State::check_drained() {
  if (!stopping_ || !calls_.empty() || retiring_ > 0) return;
  if (!std::exchange(is_drained_, true)) drained_.set_value();
  if (is_server_down_ && waiting_call_ == nullptr && !std::exchange(is_emptied_, true)) emptied_.set_value();
}

// ---- the public face

Result<std::unique_ptr<PeerNetwork>> PeerNetwork::listen(PeerNetworkSettings settings) {
  auto listener = Listener::bind(settings.host, settings.port);
  if (!listener) return fail(listener.error());
  constexpr int64_t grpc_limit = std::numeric_limits<int32_t>::max();
  CHECK(settings.message_bytes_limit > 0 && settings.message_bytes_limit <= grpc_limit);
  auto state = std::make_shared<State>(std::move(settings), *std::move(listener));
  return std::unique_ptr<PeerNetwork>(new PeerNetwork(std::move(state)));
}

PeerNetwork::PeerNetwork(std::shared_ptr<State> state) : state_(std::move(state)) {}
PeerNetwork::~PeerNetwork() { state_->stop(); }

int32_t PeerNetwork::port() const { return state_->port(); }
Result<void> PeerNetwork::start(PeerEvents& events) { return state_->start(events); }
void PeerNetwork::stop() { state_->stop(); }
void PeerNetwork::add_candidate(PeerCandidate candidate) { state_->add_candidate(std::move(candidate)); }

bool PeerNetwork::send(const NodeId& to, PeerMessage message) { return state_->send(to, message); }
std::shared_ptr<PeerLink> PeerNetwork::open_link(const NodeId& to) { return state_->open_link(to); }
void PeerNetwork::drop_peer(const NodeId& node, Error reason) { state_->drop_peer(node, std::move(reason)); }

}  // namespace shoal
