// Finds other nodes. Implemented by net: UDP announcements and the manual discovery.json.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/ids.h"
#include "cluster/node_report.h"

namespace shoal {

// Somebody who may be a peer; the handshake decides whether it is one.
struct PeerCandidate {
  NodeId node;
  std::string address;
  int32_t port;
  std::string description;               // how it was found: "UDP", "MAN"
  std::optional<DeviceReport> declared;  // from discovery.json, for display
  int32_t priority = 0;  // of its network; of a node's addresses the one with the highest is dialled
};

class Discovery {
 public:
  virtual ~Discovery() = default;
  // Calls `on_candidate` again and again for as long as a candidate is seen, on any thread.
  virtual void start(std::function<void(PeerCandidate)> on_candidate) = 0;
  // Joins; `on_candidate` is not called afterwards. Idempotent.
  virtual void stop() = 0;
};

}  // namespace shoal
