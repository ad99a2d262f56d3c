// Finding others: implemented by net (UDP broadcast, the manual discovery.json).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/ids.h"
#include "cluster/node_report.h"

namespace shoal {

// Somebody who may be a peer. Whether it is one, the handshake decides.
struct PeerCandidate {
  NodeId node;
  std::string address;
  int32_t port;
  std::string description;               // "UDP", "MAN"
  std::optional<DeviceReport> declared;  // from discovery.json, for display
  int32_t priority = 0;  // of the network it was seen on: of several addresses the highest is dialled
};

class Discovery {
 public:
  virtual ~Discovery() = default;
  // `on_candidate` is called again and again for as long as a candidate is seen, on any thread.
  virtual void start(std::function<void(PeerCandidate)> on_candidate) = 0;
  virtual void stop() = 0;
};

}  // namespace shoal
