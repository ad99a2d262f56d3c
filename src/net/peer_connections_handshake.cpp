// The handshake of PeerConnections, from a hello to the one connection of a pair of nodes.
#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/os.h"
#include "net/handshake.h"
#include "net/peer_connections.h"

namespace shoal {

void PeerConnections::on_hello(const std::shared_ptr<Connection>& connection, Hello hello) {
  if (connection->settings().is_dialled) {
    hello_of_dialled(connection, std::move(hello));
  } else {
    hello_of_accepted(connection, std::move(hello));
  }
}

void PeerConnections::hello_of_dialled(const std::shared_ptr<Connection>& connection, Hello hello) {
  const Connection::Settings& settings = connection->settings();
  hello.expected_node.clear();  // it counts only in the hello of the node that has dialled
  auto refusal = judge_hello(identity_, hello, settings.address);
  if (!refusal && hello.report.node != settings.expected) {
    refusal = Error{ErrorCode::not_found, fmt::format("there is node {}", hello.report.node)};
  }
  if (!refusal && connections_.find_joined(settings.expected) != nullptr) {
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

void PeerConnections::hello_of_accepted(const std::shared_ptr<Connection>& connection, Hello hello) {
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

// True when the handshake may go on, as it does for one connection of a pair at a time. While another one
// stands or is being made, this one waits: it may be a leftover of a dial that has been given up, or the
// other may be dead without our knowing it yet.
bool PeerConnections::make_way(const std::shared_ptr<Connection>& connection, const Hello& hello) {
  const NodeId node = hello.report.node;
  const auto own = connections_.find_dialled(node);
  const bool own_dial_stays = own != nullptr && own_dial_wins(identity_.node, node);
  if (connections_.is_joined_or_accepted(node) || own_dial_stays) {
    connection->phase = Connection::Phase::parked;
    connection->parked_hello = hello;
    streams_.loop().post_after(settings_.other_connection_patience, [this, weak = std::weak_ptr(connection)] {
      const auto waiting = weak.lock();
      if (waiting != nullptr && waiting->phase == Connection::Phase::parked) refuse_parked(waiting);
    });
    return false;
  }
  if (own != nullptr) {
    own->end({ErrorCode::cancelled, fmt::format("{} has dialled this node at the same time", node)});
  }
  return true;
}

// The other connection has joined, or has not ended in time.
void PeerConnections::refuse_parked(const std::shared_ptr<Connection>& connection) {
  const NodeReport& report = connection->parked_hello.report;
  const auto joined = connections_.find_joined(report.node);
  if (joined == nullptr || joined->report.incarnation == report.incarnation) {
    connection->refuse(
        {ErrorCode::cancelled, fmt::format("there is another connection to {}", identity_.node)});
    return;
  }
  const Error refusal = two_nodes_error(
      report.node,
      fmt::format("one at {}, which is connected to {}", joined->settings().address, identity_.node),
      fmt::format("one at {}", connection->settings().address));
  tell(refusal.message);
  connection->refuse(refusal);
}

void PeerConnections::greet(const std::shared_ptr<Connection>& connection, const Hello& hello) {
  connection->phase = Connection::Phase::greeted;
  connection->report = hello.report;
  connection->report.address = connection->settings().address;
  connection->ring_key = os::random_bits();
  connections_.accept(connection);
  connection->send(
      Hello{.expected_node = hello.report.node, .report = own_report(), .ring_key = connection->ring_key});
}

// Called when a connection to this node has ended or joined: parked ones may have waited for that.
void PeerConnections::resume_parked(const NodeId& node) {
  const auto joined = connections_.find_joined(node);
  for (const auto& connection : connections_.parked(node)) {
    if (connection->phase != Connection::Phase::parked) continue;
    if (joined == nullptr) {
      connection->phase = Connection::Phase::opening;
      const Hello hello = std::move(connection->parked_hello);
      if (make_way(connection, hello)) greet(connection, hello);
    } else if (joined->report.incarnation == connection->parked_hello.report.incarnation) {
      refuse_parked(connection);
    }
  }
}

void PeerConnections::join(const std::shared_ptr<Connection>& connection) {
  const NodeId node = connection->report.node;
  connection->join();
  connections_.join(connection);
  schedule_.joined(node);
  if (connection->settings().is_dialled) {
    // The node that has dialled also opens the ring stream, if one is needed. This is the first frame there.
    connection->ring()->push(
        encode(RingFrame(RingHello{.node = identity_.node, .ring_key = connection->ring_key})));
  }
  auto handle = std::make_shared<PeerHandle>();
  handle->control = connection->control();
  handle->ring = connection->ring();
  handle->connection = connection;
  if (!handles_.add(node, std::move(handle))) return;
  log_debug(1, "connected to {}", connection->name());
  events_.on_peer_joined(connection->report);
  resume_parked(node);
}

}  // namespace shoal
