// Where this node's messages leave: over the control streams, or, to itself, over its own loop, so that one
// node takes the same path as many. Used on the service's loop.
#pragma once

#include <functional>

#include "service/peer_calls.h"
#include "service/service_loop.h"

namespace shoal {

class MessageSender {
 public:
  struct Events {
    std::function<void(const NodeId& from, PeerMessage message)> on_message;  // to ourselves
    // A control stream that takes no more is broken: what was said on it may be incomplete.
    std::function<void(const NodeId& node)> on_broken;
  };
  MessageSender(NodeId own, ServiceLoop loop, PeerCalls& peers, Events events)
      : own_(std::move(own)), loop_(std::move(loop)), peers_(peers), events_(std::move(events)) {}

  void send(const NodeId& to, PeerMessage message);

 private:
  NodeId own_;
  ServiceLoop loop_;
  PeerCalls& peers_;
  Events events_;
};

}  // namespace shoal
