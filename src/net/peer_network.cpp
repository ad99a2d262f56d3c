#include "net/peer_network.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "net/listener.h"
#include "net/peer_connections.h"
#include "net/peer_handles.h"
#include "net/streams.h"

namespace shoal {
namespace {

// The limit of frames from a node that has not joined. The longest report that cluster/report_check lets
// through fits into it.
constexpr int64_t hello_bytes_limit = int64_t{256} << 10;

class BrokenLink final : public PeerLink {
 public:
  bool send(RingMessage) override { return false; }
};

class RingLink final : public PeerLink {
 public:
  // `drop` must end the connection of `peer`.
  RingLink(std::shared_ptr<PeerHandle> peer, std::function<void(Error reason)> drop)
      : peer_(std::move(peer)), drop_(std::move(drop)) {}

  bool send(RingMessage message) override {
    const Outbox::Push push = peer_->ring->push(encode(RingFrame(std::move(message))));
    if (push == Outbox::Push::taken) return true;
    if (push == Outbox::Push::closed) return false;
    peer_->ring->close();  // PeerLink promises that nothing arrives from now on
    const char* what = push == Outbox::Push::full ? "its queue for steps is full: it reads too slowly"
                                                  : "a step is larger than a message may be";
    drop_({ErrorCode::resource_exhausted, what});
    return false;
  }

 private:
  std::shared_ptr<PeerHandle> peer_;
  std::function<void(Error reason)> drop_;
};

}  // namespace

// Passes on what other threads ask for to the network's loop, which owns all connections.
class PeerNetwork::State final : public std::enable_shared_from_this<State> {
 public:
  State(PeerNetworkSettings settings, Listener listener)
      : settings_(std::move(settings)), listener_(std::move(listener)) {}

  int32_t port() const { return listener_.port(); }
  Result<void> start(PeerEvents& events);
  void stop();

  // Any thread may call what follows.
  void add_candidate(PeerCandidate candidate);
  bool send(const NodeId& to, const PeerMessage& message);
  std::shared_ptr<PeerLink> open_link(const NodeId& to);
  void drop_peer(const NodeId& node, Error reason);
  std::vector<MissingPeer> missing_peers() { return handles_.missing(); }

 private:
  void post(std::function<void(PeerConnections&)> task);
  void drop(const std::weak_ptr<Connection>& connection, Error reason);

  const PeerNetworkSettings settings_;
  Listener listener_;
  PeerHandles handles_;
  // Made by start(). The loop owns connections_ from then on.
  std::unique_ptr<Streams> streams_;
  std::unique_ptr<PeerConnections> connections_;

  Mutex mutex_;
  bool started_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;
  NetworkLoop* loop_ GUARDED_BY(mutex_) = nullptr;  // null before start() and after stop()
};

Result<void> PeerNetwork::State::start(PeerEvents& events) {
  {
    MutexLock lock(mutex_);
    CHECK(!std::exchange(started_, true));
    if (stopped_) return fail(ErrorCode::cancelled, "the peer network has been stopped");
  }
  streams_ = std::make_unique<Streams>(
      Streams::Settings{.first_frame_limit = std::min(hello_bytes_limit, settings_.message_bytes_limit),
                        .connect_deadline = settings_.dial_deadline});
  connections_ = std::make_unique<PeerConnections>(settings_, port(), events, *streams_, handles_);
  {
    MutexLock lock(mutex_);
    loop_ = &streams_->loop();
  }
  streams_->start([this](const std::shared_ptr<FrameStream>& stream) { connections_->accept(stream); });
  streams_->loop().post([this] { connections_->start(); });
  listener_.start([this](int socket) { streams_->take_socket(socket); });
  return {};
}

void PeerNetwork::State::stop() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    loop_ = nullptr;
  }
  handles_.close();
  listener_.stop();
  if (streams_ == nullptr) return;
  streams_->loop().post([this] { connections_->begin_stop(); });
  streams_->finish();
}

void PeerNetwork::State::post(std::function<void(PeerConnections&)> task) {
  NetworkLoop* loop = nullptr;
  {
    MutexLock lock(mutex_);
    loop = loop_;
  }
  if (loop != nullptr) loop->post([this, task = std::move(task)] { task(*connections_); });
}

void PeerNetwork::State::add_candidate(PeerCandidate candidate) {
  post([candidate = std::move(candidate)](PeerConnections& connections) { connections.see(candidate); });
}

bool PeerNetwork::State::send(const NodeId& to, const PeerMessage& message) {
  const auto peer = handles_.find(to);
  return peer != nullptr && peer->control->push(encode(ControlFrame(message))) == Outbox::Push::taken;
}

void PeerNetwork::State::drop(const std::weak_ptr<Connection>& connection, Error reason) {
  post([connection, reason = std::move(reason)](PeerConnections&) {
    if (const auto dropped = connection.lock()) dropped->end(reason);
  });
}

void PeerNetwork::State::drop_peer(const NodeId& node, Error reason) {
  if (const auto peer = handles_.find(node)) drop(peer->connection, std::move(reason));
}

std::shared_ptr<PeerLink> PeerNetwork::State::open_link(const NodeId& to) {
  auto peer = handles_.find(to);
  if (peer == nullptr) return std::make_shared<BrokenLink>();
  if (!peer->ring_wanted.exchange(true)) {
    post([peer](PeerConnections& connections) {
      if (const auto connection = peer->connection.lock()) connections.want_ring(connection);
    });
  }
  auto drop_peer = [weak = weak_from_this(), connection = peer->connection](Error reason) {
    if (const auto state = weak.lock()) state->drop(connection, std::move(reason));
  };
  return std::make_shared<RingLink>(std::move(peer), std::move(drop_peer));
}

Result<std::unique_ptr<PeerNetwork>> PeerNetwork::listen(PeerNetworkSettings settings) {
  auto listener = Listener::bind(settings.host, settings.port);
  if (!listener) return fail(listener.error());
  constexpr int64_t protobuf_limit = std::numeric_limits<int32_t>::max();
  CHECK(settings.message_bytes_limit > 0 && settings.message_bytes_limit <= protobuf_limit);
  auto state = std::make_shared<State>(std::move(settings), *std::move(listener));
  return std::unique_ptr<PeerNetwork>(new PeerNetwork(std::move(state)));
}

PeerNetwork::PeerNetwork(std::shared_ptr<State> state) : state_(std::move(state)) {}
PeerNetwork::~PeerNetwork() { state_->stop(); }

int32_t PeerNetwork::port() const { return state_->port(); }
Result<void> PeerNetwork::start(PeerEvents& events) { return state_->start(events); }
void PeerNetwork::stop() { state_->stop(); }
void PeerNetwork::add_candidate(PeerCandidate candidate) { state_->add_candidate(std::move(candidate)); }

std::vector<MissingPeer> PeerNetwork::missing_peers() const { return state_->missing_peers(); }

bool PeerNetwork::send(const NodeId& to, PeerMessage message) { return state_->send(to, message); }
std::shared_ptr<PeerLink> PeerNetwork::open_link(const NodeId& to) { return state_->open_link(to); }
void PeerNetwork::drop_peer(const NodeId& node, Error reason) { state_->drop_peer(node, std::move(reason)); }

}  // namespace shoal
