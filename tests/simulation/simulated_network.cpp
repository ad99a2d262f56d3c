#include "simulated_network.h"

#include <utility>

namespace shoal {

class SimulatedNetwork::Calls final : public PeerCalls {
 public:
  Calls(SimulatedNetwork& network, NodeId own) : network_(network), own_(std::move(own)) {}
  bool send(const NodeId& to, PeerMessage message) override {
    return network_.send(own_, to, std::move(message));
  }
  std::shared_ptr<PeerLink> open_link(const NodeId& to) override { return network_.open_link(own_, to); }
  void drop_peer(const NodeId& node, Error) override {
    auto found = network_.connections_.find(pair_of(own_, node));
    if (found != network_.connections_.end()) network_.close_side(own_, node, found->second.number);
  }

 private:
  SimulatedNetwork& network_;
  NodeId own_;
};

class SimulatedNetwork::Link final : public PeerLink {
 public:
  Link(SimulatedNetwork& network, std::shared_ptr<Stream> stream)
      : network_(network), stream_(std::move(stream)) {}
  bool send(RingMessage message) override {
    if (!network_.is_open(stream_->from, stream_->to, stream_->connection)) return false;
    auto moved = std::make_shared<RingMessage>(std::move(message));
    network_.enqueue(stream_, [&network = network_, stream = stream_, moved] {
      network.nodes_.at(stream->to)->on_ring_message(stream->from, std::move(*moved));
    });
    return true;
  }

 private:
  SimulatedNetwork& network_;
  std::shared_ptr<Stream> stream_;
};

std::unique_ptr<PeerCalls> SimulatedNetwork::make_calls(const NodeId& node) {
  return std::make_unique<Calls>(*this, node);
}

void SimulatedNetwork::start(const NodeId& node, PeerEvents& events) {
  nodes_[node] = &events;
  for (const auto& [other, unused] : nodes_) {
    if (other != node) meet(node, other);
  }
}

Duration SimulatedNetwork::delay() {
  const auto width = static_cast<uint64_t>((delays_.most - delays_.least).count());
  return delays_.least + Duration(static_cast<int64_t>(width == 0 ? 0 : world_.random()() % width));
}

void SimulatedNetwork::meet(const NodeId& a, const NodeId& b) {
  world_.at_after(delay(), [this, a, b] { connect(a, b); });
}

// Connects the two by a handshake, unless one is dead, they are connected already, or the network is cut.
void SimulatedNetwork::connect(const NodeId& a, const NodeId& b) {
  if (!nodes_.contains(a) || !nodes_.contains(b)) return;
  Connection& connection = connections_[pair_of(a, b)];
  if (!connection.open_sides.empty()) return;
  if (!passes(a, b)) {
    on_heal_.push_back([this, a, b] { meet(a, b); });
    return;
  }
  connection.number = ++last_number_;
  connection.open_sides = {a, b};
  connection.control.clear();
  for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
    auto stream = std::make_shared<Stream>(Stream{from, to, connection.number, {}, false});
    connection.control[from] = stream;
    // The first message on a stream tells who is there.
    enqueue(stream, [this, from, to, report = nodes_.at(from)->own_report()] {
      nodes_.at(to)->on_peer_joined(report);
    });
  }
}

bool SimulatedNetwork::is_open(const NodeId& side, const NodeId& other, uint64_t number) const {
  auto found = connections_.find(pair_of(side, other));
  return found != connections_.end() && found->second.number == number &&
         found->second.open_sides.contains(side);
}

// `side` closes the connection; the other end finds out when something passes again.
void SimulatedNetwork::close_side(const NodeId& side, const NodeId& other, uint64_t number) {
  if (!is_open(side, other, number)) return;
  connections_[pair_of(side, other)].open_sides.erase(side);
  const Error reason{ErrorCode::unavailable, "the stream of " + side + " broke"};
  Task tell = [this, side, other, number, reason] { tell_lost(other, side, number, reason); };
  if (passes(side, other)) {
    world_.at_after(delay(), std::move(tell));
  } else {
    on_heal_.push_back(std::move(tell));
  }
  if (connections_[pair_of(side, other)].open_sides.empty()) {
    world_.at_after(delays_.reconnect, [this, side, other] { connect(side, other); });
  }
}

void SimulatedNetwork::tell_lost(const NodeId& side, const NodeId& other, uint64_t number,
                                 const Error& reason) {
  if (!is_open(side, other, number)) return;
  close_side(side, other, number);
  if (auto node = nodes_.find(side); node != nodes_.end()) node->second->on_peer_lost(other, reason);
}

void SimulatedNetwork::kill(const NodeId& node, Death death) {
  nodes_.erase(node);
  for (auto& [pair, connection] : connections_) {
    if (pair.first != node && pair.second != node) continue;
    const NodeId other = pair.first == node ? pair.second : pair.first;
    if (death == Death::closes_sockets) {
      close_side(node, other, connection.number);
    } else {
      connection.open_sides.erase(node);
    }
  }
}

void SimulatedNetwork::cut(const NodeId& a, const NodeId& b) { cuts_.insert(pair_of(a, b)); }

void SimulatedNetwork::heal() {
  cuts_.clear();
  for (const auto& stream : std::exchange(stalled_, {})) {
    world_.at_after(delay(), [this, stream] { move(stream); });
  }
  for (Task& task : std::exchange(on_heal_, {})) world_.at_after(delay(), std::move(task));
}

void SimulatedNetwork::enqueue(const std::shared_ptr<Stream>& stream, Task deliver) {
  stream->waiting.push_back(std::move(deliver));
  if (std::exchange(stream->moving, true)) return;
  world_.at_after(delay(), [this, stream] { move(stream); });
}

void SimulatedNetwork::move(const std::shared_ptr<Stream>& stream) {
  if (!passes(stream->from, stream->to)) {
    stalled_.push_back(stream);
    return;
  }
  // What was sent before the sender closed still arrives; a receiver that closed gets nothing more.
  const bool arrives = is_open(stream->to, stream->from, stream->connection) && nodes_.contains(stream->to);
  if (!arrives) stream->waiting.clear();
  // Messages sent together may arrive together.
  bool more = arrives;
  while (more && !stream->waiting.empty()) {
    const Task deliver = std::move(stream->waiting.front());
    stream->waiting.pop_front();
    deliver();
    more = world_.random()() % 2 == 0;
  }
  stream->moving = !stream->waiting.empty();
  if (stream->moving) {
    world_.at_after(delay(), [this, stream] { move(stream); });
  }
}

bool SimulatedNetwork::send(const NodeId& from, const NodeId& to, PeerMessage message) {
  auto found = connections_.find(pair_of(from, to));
  if (found == connections_.end() || !found->second.open_sides.contains(from)) return false;
  auto moved = std::make_shared<PeerMessage>(std::move(message));
  enqueue(found->second.control.at(from),
          [this, from, to, moved] { nodes_.at(to)->on_peer_message(from, std::move(*moved)); });
  return true;
}

std::shared_ptr<PeerLink> SimulatedNetwork::open_link(const NodeId& from, const NodeId& to) {
  auto found = connections_.find(pair_of(from, to));
  const uint64_t number = found == connections_.end() ? 0 : found->second.number;
  return std::make_shared<Link>(*this, std::make_shared<Stream>(Stream{from, to, number, {}, false}));
}

}  // namespace shoal
