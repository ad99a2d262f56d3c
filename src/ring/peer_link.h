// The way to one other node of the ring. Implemented by net; by a fake in simulations.
#pragma once

#include "ring/messages.h"

namespace shoal {

class PeerLink {
 public:
  virtual ~PeerLink() = default;

  // Never waits. Messages arrive in order or not at all. False: the link is broken or its queue is full, and
  // nothing sent from now on will arrive. Any thread.
  virtual bool send(RingMessage message) = 0;
};

}  // namespace shoal
