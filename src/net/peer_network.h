// Connections to all other nodes, over TCP: dials whom discovery sees, answers who dials, shakes hands, and
// keeps exactly one connection for each pair of nodes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "cluster/discovery.h"
#include "cluster/missing_peer.h"
#include "service/peer_calls.h"

namespace shoal {

struct PeerNetworkSettings {
  struct QueueLimits {
    int64_t frames;
    int64_t bytes;
  };

  std::string host = "0.0.0.0";                           // --node-host
  int32_t port = 0;                                       // --node-port; 0: any free one
  Duration dial_deadline = std::chrono::seconds(2);       // to connect and to shake hands
  Duration handshake_deadline = std::chrono::seconds(5);  // of a node that has dialled this one
  // How long a second connection to a node waits for the first to turn out dead; less than dial_deadline.
  Duration other_connection_patience = std::chrono::seconds(1);
  Duration linger = std::chrono::milliseconds(300);        // at the end, for what has not been sent
  Duration candidate_lifetime = std::chrono::seconds(30);  // --discovery-timeout
  Duration first_retry = std::chrono::milliseconds(200);
  Duration longest_retry = std::chrono::seconds(10);
  int64_t message_bytes_limit = int64_t{256} << 20;
  QueueLimits control_queue = {.frames = 1 << 14, .bytes = int64_t{64} << 20};
  QueueLimits ring_queue = {.frames = 1 << 12, .bytes = int64_t{512} << 20};  // for each peer
  int64_t peer_limit = 1000;
  int64_t peers_per_address = 250;  // that have dialled this node from there
};

class PeerNetwork final : public PeerCalls {
 public:
  // Takes the port; nobody is answered yet. unavailable when the port is in use.
  static Result<std::unique_ptr<PeerNetwork>> listen(PeerNetworkSettings settings);
  ~PeerNetwork() override;

  int32_t port() const;

  // From now on others are answered and dialled. `events` outlives this or its stop(); own_report() is asked
  // for the node's id, incarnation and version, which stay the same.
  Result<void> start(PeerEvents& events);

  // Sends what waits, closes every connection, joins every thread. No event comes after it. Idempotent. Not
  // to be called within an event.
  void stop();

  // What discovery sees. Any thread.
  void add_candidate(PeerCandidate candidate);

  // Who is known and not connected, as of the last second. Any thread.
  std::vector<MissingPeer> missing_peers() const;

  bool send(const NodeId& to, PeerMessage message) override;
  // Never null: of a node that is not connected it is a broken link. A link belongs to one connection; when
  // that is lost, the link stays broken, also when the node comes back.
  std::shared_ptr<PeerLink> open_link(const NodeId& to) override;
  // on_peer_lost follows, with this reason.
  void drop_peer(const NodeId& node, Error reason) override;

 private:
  class State;
  explicit PeerNetwork(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace shoal
