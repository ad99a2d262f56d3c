#include "net/peer_connections.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "net/address.h"
#include "net/handshake.h"

namespace shoal {
namespace {

// At most so many connections that have not said whose they are.
constexpr int64_t stranger_limit = 128;

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
      strangers_(streams.loop(), {.count = stranger_limit, .deadline = settings.handshake_deadline},
                 [this](const std::shared_ptr<FrameStream>& stream, Frame frame) {
                   introduce(stream, std::move(frame));
                 }) {}

NodeReport PeerConnections::own_report() {
  NodeReport report = events_.own_report();
  report.peer_port = port_;
  return report;
}

void PeerConnections::tell(const std::string& text) { told_.warn(std::chrono::steady_clock::now(), text); }

// Every second gives the missing nodes to the handles and tells people of those that have become unreachable.
void PeerConnections::watch_missing() {
  if (stopping_) return;
  for (const MissingPeer& peer : schedule_.take_newly_unreachable()) {
    if (peer.advice.empty()) continue;  // dial() or on_ended() has logged the refusal
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
  // A node that has dialled this one needs no dialling, unless its connection comes to nothing.
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
  Connection::Settings connection_of = connection_settings();
  connection_of.is_dialled = true;
  connection_of.address = candidate.address;
  connection_of.port = candidate.port;
  connection_of.expected = candidate.node;
  const auto connection = std::make_shared<Connection>(*this, std::move(connection_of));
  connections_.add_dialled(connection);
  const auto stream = streams_.create();
  connection->set_control(stream);
  connection->send(Hello{.expected_node = candidate.node, .report = own_report(), .ring_key = 0});
  streams_.dial(stream, candidate.address, candidate.port);
  streams_.loop().post_after(settings_.dial_deadline, [weak = std::weak_ptr(connection), place] {
    const auto late = weak.lock();
    if (late == nullptr || late->phase == Connection::Phase::joined) return;
    late->end({ErrorCode::deadline_exceeded, fmt::format("no answer from {}", place)});
  });
  return {};
}

Connection::Settings PeerConnections::connection_settings() const {
  return {.control = outbox_limits(settings_, settings_.control_queue),
          .ring = outbox_limits(settings_, settings_.ring_queue),
          .frame_bytes_limit = settings_.message_bytes_limit,
          .version = identity_.version,
          .is_dialled = false,
          .address = {},
          .port = 0,
          .expected = {}};
}

// The first frame says what a stream is for.
void PeerConnections::introduce(const std::shared_ptr<FrameStream>& stream, Frame frame) {
  switch (frame.kind) {
    case FrameKind::control: return introduce_control(stream, frame);
    case FrameKind::ring: return introduce_ring(stream, std::move(frame));
    case FrameKind::refusal:
      return stream->cancel({ErrorCode::corrupt_data, "a refusal as the first word of a connection"});
  }
}

std::optional<Error> PeerConnections::why_full(const std::string& address) const {
  if (connections_.count() >= settings_.peer_limit) {
    return Error{ErrorCode::resource_exhausted, fmt::format("node {} has {} connections, which is its limit",
                                                            identity_.node, connections_.count())};
  }
  if (connections_.count_from(address) >= settings_.peers_per_address) {
    return Error{ErrorCode::resource_exhausted,
                 fmt::format("node {} has {} connections from {}, which is its limit for one address",
                             identity_.node, settings_.peers_per_address, address)};
  }
  return std::nullopt;
}

void PeerConnections::introduce_control(const std::shared_ptr<FrameStream>& stream, const Frame& frame) {
  if (const auto full = why_full(stream->peer_address())) return stream->refuse(*full);
  Connection::Settings settings = connection_settings();
  settings.address = stream->peer_address();
  const auto connection = std::make_shared<Connection>(*this, std::move(settings));
  connections_.add(connection);
  connection->set_control(stream);
  const TimePoint deadline = stream->begun_at() + settings_.handshake_deadline;
  streams_.loop().post_after(deadline - std::chrono::steady_clock::now(), [weak = std::weak_ptr(connection)] {
    const auto late = weak.lock();
    if (late == nullptr || late->phase == Connection::Phase::joined) return;
    late->end({ErrorCode::deadline_exceeded, fmt::format("{} did not finish its handshake", late->name())});
  });
  connection->receive_control(frame);
}

void PeerConnections::introduce_ring(const std::shared_ptr<FrameStream>& stream, Frame frame) {
  const auto decoded = decode_ring(frame.message, std::move(frame.hidden));
  const auto* hello = decoded ? std::get_if<RingHello>(&*decoded) : nullptr;
  const auto connection = hello == nullptr ? nullptr : find_ring_owner(*hello);
  if (connection == nullptr) {
    stream->refuse({ErrorCode::permission_denied, "a ring stream that belongs to no connection"});
  } else {
    connection->set_ring(stream);
  }
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
  const auto stream = streams_.create();
  connection->set_ring(stream);
  streams_.dial(stream, settings.address, settings.port);
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
  strangers_.end_all(leaving());
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
