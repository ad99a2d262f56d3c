// Sends this node's messages: to others over their control streams, to itself over its own loop, so that a
// single node takes the same path as many. Used on the service's loop.
#pragma once

#include "service/peer_calls.h"
#include "service/service_loop.h"

namespace shoal {

// Implemented by the service's state. Called on the service's loop, never from within send().
class SenderEvents {
 public:
  virtual ~SenderEvents() = default;
  virtual void on_own_message(PeerMessage message) = 0;  // from this node to itself
  // The control stream to `node` took a message no more; what was said on it may be incomplete.
  virtual void on_stream_broken(const NodeId& node) = 0;
};

class MessageSender {
 public:
  MessageSender(NodeId own, ServiceLoop loop, PeerCalls& peers, SenderEvents& events)
      : own_(std::move(own)), loop_(std::move(loop)), peers_(peers), events_(events) {}

  void send(const NodeId& to, PeerMessage message);

 private:
  NodeId own_;
  ServiceLoop loop_;
  PeerCalls& peers_;
  SenderEvents& events_;
};

}  // namespace shoal
