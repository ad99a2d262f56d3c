#include "net/peer_connections.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "net/address.h"
#include "net/handshake.h"

namespace shoal {
namespace {

constexpr const char* control_method = "/shoal.wire.Peer/Control";
constexpr const char* ring_method = "/shoal.wire.Peer/Ring";

Outbox::Limits outbox_limits(const PeerNetworkSettings& settings,
                             const PeerNetworkSettings::QueueLimits& queue) {
  return {.frames = queue.frames, .bytes = queue.bytes, .frame_bytes = settings.message_bytes_limit};
}

Error leaving() { return {ErrorCode::cancelled, "this node is leaving"}; }

}  // namespace

PeerConnections::PeerConnections(const PeerNetworkSettings& settings, int32_t port, PeerEvents& events,
                                 Streams& streams, PeerHandles& handles)
    : settings_(settings),
      port_(port),
      events_(events),
      identity_(events.own_report()),
      streams_(streams),
      handles_(handles),
      schedule_(streams.loop(),
                {.lifetime = settings.candidate_lifetime,
                 .first_retry = settings.first_retry,
                 .longest_retry = settings.longest_retry},
                [this](const PeerCandidate& candidate) { return dial(candidate); }),
      ring_greeters_(streams.loop(), settings.handshake_deadline,
                     [this](const RingHello& hello) { return find_ring_owner(hello); }) {}

NodeReport PeerConnections::own_report() {
  NodeReport report = events_.own_report();
  report.peer_port = port_;
  return report;
}

void PeerConnections::tell(const std::string& text) { told_.warn(std::chrono::steady_clock::now(), text); }

// What others cannot see for themselves: whom they know of and do not have.
void PeerConnections::watch_missing() {
  if (stopping_) return;
  for (const MissingPeer& peer : schedule_.take_newly_unreachable()) {
    if (peer.advice.empty()) continue;  // what the other side, or this one, has against it was told at once
    tell(fmt::format("node {} at {} cannot be reached for {} s: {}; {}", peer.node, peer.place, peer.seconds,
                     peer.problem, peer.advice));
  }
  if (const auto flood = schedule_.take_flood()) {
    log_warning(
        "{} announcements of unknown nodes were passed over, the last from {}: too many wait to be dialled",
        flood->count, flood->address);
  }
  handles_.set_missing(schedule_.missing());
  streams_.loop().post_after(std::chrono::seconds(1), [this] { watch_missing(); });
}

Result<void> PeerConnections::dial(const PeerCandidate& candidate) {
  // A node that is about to be connected the other way needs no dialling, unless that comes to nothing.
  if (connections_.is_joined_or_accepted(candidate.node))
    return fail(ErrorCode::cancelled, "it is about to be connected");
  const std::string place = host_and_port(candidate.address, candidate.port);
  if (classify_address(candidate.address) == AddressKind::other) {
    tell(fmt::format("node {} is not dialled at {}: without a secret only private networks are used",
                     candidate.node, place));
    return fail(ErrorCode::permission_denied,
                "its address is public, and without a secret only private networks are used");
  }
  log_debug(2, "dialling {} at {}", candidate.node, place);
  const auto connection = std::make_shared<Connection>(
      *this, Connection::Settings{.control = outbox_limits(settings_, settings_.control_queue),
                                  .ring = outbox_limits(settings_, settings_.ring_queue),
                                  .version = identity_.version,
                                  .is_dialled = true,
                                  .address = candidate.address,
                                  .port = candidate.port,
                                  .expected = candidate.node});
  connections_.add_dialled(connection);
  const auto call = streams_.open(candidate.address, candidate.port, control_method);
  connection->set_control(call);
  connection->send(Hello{.expected_node = candidate.node, .report = own_report(), .ring_key = 0});
  call->start();
  streams_.loop().post_after(settings_.dial_deadline, [weak = std::weak_ptr(connection), place] {
    const auto late = weak.lock();
    if (late == nullptr || late->phase == Connection::Phase::joined) return;
    late->end({ErrorCode::deadline_exceeded, fmt::format("no answer from {}", place)});
  });
  return {};
}

void PeerConnections::accept(const std::shared_ptr<ServerCall>& call) {
  if (call->method() == control_method) {
    accept_control(call);
  } else if (call->method() == ring_method) {
    ring_greeters_.greet(call);
  } else {
    call->refuse({ErrorCode::not_found, fmt::format("there is no method {}", call->method())});
  }
}

void PeerConnections::accept_control(const std::shared_ptr<ServerCall>& call) {
  if (connections_.count() >= settings_.peer_limit) {
    call->refuse({ErrorCode::resource_exhausted, fmt::format("node {} has {} connections, which is its limit",
                                                             identity_.node, connections_.count())});
    return;
  }
  const std::string address = call->peer_address();
  if (connections_.count_from(address) >= settings_.peers_per_address) {
    call->refuse({ErrorCode::resource_exhausted,
                  fmt::format("node {} has {} connections from {}, which is its limit for one address",
                              identity_.node, settings_.peers_per_address, address)});
    return;
  }
  const auto connection = std::make_shared<Connection>(
      *this, Connection::Settings{.control = outbox_limits(settings_, settings_.control_queue),
                                  .ring = outbox_limits(settings_, settings_.ring_queue),
                                  .version = identity_.version,
                                  .is_dialled = false,
                                  .address = address,
                                  .port = 0,
                                  .expected = {}});
  connections_.add(connection);
  connection->set_control(call);
  call->start_reading();
  streams_.loop().post_after(settings_.handshake_deadline, [weak = std::weak_ptr(connection)] {
    const auto late = weak.lock();
    if (late == nullptr || late->phase == Connection::Phase::joined) return;
    late->end({ErrorCode::deadline_exceeded, fmt::format("{} did not finish its handshake", late->name())});
  });
}

std::shared_ptr<Connection> PeerConnections::find_ring_owner(const RingHello& hello) const {
  auto joined = connections_.find_joined(hello.node);
  const bool is_owner = joined != nullptr && !joined->settings().is_dialled &&
                        joined->ring_key == hello.ring_key && !joined->has_ring();
  return is_owner ? joined : nullptr;
}

void PeerConnections::want_ring(const std::shared_ptr<Connection>& connection) {
  if (connection->phase != Connection::Phase::joined) return;
  if (connection->settings().is_dialled) {
    open_ring(connection);
  } else if (!connection->has_ring()) {
    connection->send(OpenRing{});
  }
}

void PeerConnections::open_ring(const std::shared_ptr<Connection>& connection) {
  if (connection->phase != Connection::Phase::joined || connection->has_ring()) return;
  const Connection::Settings& settings = connection->settings();
  const auto call = streams_.open(settings.address, settings.port, ring_method);
  connection->set_ring(call);
  call->start();
}

void PeerConnections::on_message(const std::shared_ptr<Connection>& connection, PeerMessage message) {
  if (!stopping_) events_.on_peer_message(connection->report.node, std::move(message));
}

void PeerConnections::on_ring_message(const std::shared_ptr<Connection>& connection, RingMessage message) {
  if (!stopping_) events_.on_ring_message(connection->report.node, std::move(message));
}

void PeerConnections::on_ended(const std::shared_ptr<Connection>& connection, Error reason) {
  const Connection::Settings& settings = connection->settings();
  const NodeId node = connection->report.node;
  switch (connections_.remove(connection)) {
    case ConnectionTable::Standing::joined:
      handles_.remove(node);
      schedule_.lost(node);
      log_debug(1, "lost {}: {}", connection->name(), reason.message);
      if (!stopping_) events_.on_peer_lost(node, std::move(reason));
      if (!stopping_) resume_parked(node);
      break;
    case ConnectionTable::Standing::dialled: {
      schedule_.failed(settings.expected, reason);
      const std::string text = fmt::format("cannot join {} at {}: {}", settings.expected,
                                           host_and_port(settings.address, settings.port), reason.message);
      if (is_worth_telling(reason) && !stopping_) {
        tell(text);
      } else {
        log_debug(2, "{}", text);
      }
      if (!stopping_) resume_parked(settings.expected);
      break;
    }
    case ConnectionTable::Standing::accepted:
      log_debug(2, "{} did not join: {}", connection->name(), reason.message);
      if (!stopping_) resume_parked(node);
      break;
    case ConnectionTable::Standing::none:
      log_debug(2, "{} did not join: {}", connection->name(), reason.message);
      break;
  }
  schedule_.run();
}

void PeerConnections::begin_stop() {
  stopping_ = true;
  schedule_.stop();
  for (const auto& connection : connections_.all()) {
    if (connection->phase == Connection::Phase::joined) {
      connection->close();
    } else {
      connection->end(leaving());
    }
  }
  streams_.loop().post_after(settings_.linger, [this] {
    for (const auto& connection : connections_.all()) connection->end(leaving());
    streams_.cancel_all(leaving());
  });
  streams_.begin_stop();
}

}  // namespace shoal
