// The way to one other node of the ring. Implemented by net, and by a fake in simulations.
#pragma once

#include "ring/messages.h"

namespace shoal {

class PeerLink {
 public:
  virtual ~PeerLink() = default;

  // Never waits. Messages arrive in order or not at all. False when the link is broken or its queue is full;
  // nothing that is sent from then on arrives. Any thread.
  virtual bool send(RingMessage message) = 0;
};

}  // namespace shoal
