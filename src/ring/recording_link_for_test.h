// A link that keeps what is sent through it.
#pragma once

#include <utility>
#include <vector>

#include "ring/peer_link.h"

namespace shoal {

class RecordingLink final : public PeerLink {
 public:
  bool send(RingMessage message) override {
    sent.push_back(std::move(message));
    return !broken;
  }
  std::vector<RingMessage> sent;
  bool broken = false;
};

}  // namespace shoal
