// Connections to all other nodes, over TCP: dials the nodes that discovery sees, answers those that dial,
// shakes hands, and keeps exactly one connection for each pair of nodes.
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
  Duration linger = std::chrono::milliseconds(300);        // how long stop() waits for what has not been sent
  Duration candidate_lifetime = std::chrono::seconds(30);  // --discovery-timeout
  Duration first_retry = std::chrono::milliseconds(200);
  Duration longest_retry = std::chrono::seconds(10);
  int64_t message_bytes_limit = int64_t{256} << 20;  // of a frame, its header included
  QueueLimits control_queue = {.frames = 1 << 14, .bytes = int64_t{64} << 20};
  QueueLimits ring_queue = {.frames = 1 << 12, .bytes = int64_t{512} << 20};  // for each peer
  int64_t peer_limit = 1000;        // with so many connections this node accepts no more
  int64_t peers_per_address = 250;  // connections that are accepted from one address
};

class PeerNetwork final : public PeerCalls {
 public:
  // Takes the port; nobody is answered yet. Fails as Listener::bind().
  static Result<std::unique_ptr<PeerNetwork>> listen(PeerNetworkSettings settings);
  ~PeerNetwork() override;

  int32_t port() const;

  // From now on others are answered and dialled. Call it once; cancelled when stop() came before. `events`
  // must live until stop() has returned. The id, incarnation and version in its own_report() must not change.
  Result<void> start(PeerEvents& events);

  // Sends what waits, closes every connection, and joins the threads that serve them. No event comes after
  // it. Idempotent. Must not be called within an event.
  void stop();

  // Tells of a node that discovery has seen. Any thread.
  void add_candidate(PeerCandidate candidate);

  // The nodes that were seen and are not connected, as of the last second. Any thread.
  std::vector<MissingPeer> missing_peers() const;

  bool send(const NodeId& to, PeerMessage message) override;
  // Never null: for a node that is not connected the link is broken. A link belongs to one connection; when
  // that is lost, the link stays broken, also when the node comes back. Any thread.
  std::shared_ptr<PeerLink> open_link(const NodeId& to) override;
  // on_peer_lost() follows with this reason if the node is connected.
  void drop_peer(const NodeId& node, Error reason) override;

 private:
  class State;
  explicit PeerNetwork(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace shoal
