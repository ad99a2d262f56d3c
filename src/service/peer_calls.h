// How service reaches other nodes and hears from them. Net implements PeerCalls, service implements
// PeerEvents; simulations have fakes of both.
#pragma once

#include <memory>

#include "base/error.h"
#include "cluster/node_report.h"
#include "ring/peer_link.h"
#include "service/peer_messages.h"

namespace shoal {

class PeerCalls {
 public:
  virtual ~PeerCalls() = default;

  // Sends over the control stream, in order; never waits. False when the peer is not connected or its queue
  // is full. Any thread.
  virtual bool send(const NodeId& to, PeerMessage message) = 0;

  // The link for steps to that node. The first call has its stream opened. When the peer is not connected,
  // the link sends nothing.
  virtual std::shared_ptr<PeerLink> open_link(const NodeId& to) = 0;

  // Ends the connection to a peer that broke the rules or fell silent. Any thread.
  virtual void drop_peer(const NodeId& node, Error reason) = 0;
};

// Called on network threads. The implementation posts to its own loop, except that ring messages go straight
// to their stage.
class PeerEvents {
 public:
  virtual ~PeerEvents() = default;
  virtual void on_peer_joined(NodeReport report) = 0;  // after the handshake
  virtual void on_peer_lost(NodeId node, Error reason) = 0;
  virtual void on_peer_message(NodeId from, PeerMessage message) = 0;
  virtual void on_ring_message(NodeId from, RingMessage message) = 0;
  // This node's report, for handshakes. Any thread.
  virtual NodeReport own_report() = 0;
};

}  // namespace shoal
