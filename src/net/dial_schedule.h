// Dials the nodes that discovery sees, each at its time. Everything runs on the network's loop.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/candidates.h"
#include "net/network_loop.h"

namespace shoal {

class DialSchedule {
 public:
  // Begins to dial; a call of failed() or joined() follows. An error says why the candidate is not dialled:
  // `cancelled` when another connection to its node is on its way.
  using Dial = std::function<Result<void>(const PeerCandidate&)>;

  DialSchedule(NetworkLoop& loop, Candidates::Settings settings, Dial dial);

  void see(const PeerCandidate& candidate);
  void failed(const NodeId& node, const Error& reason);
  void joined(const NodeId& node);
  void lost(const NodeId& node);

  // What Candidates answers at this moment.
  std::vector<MissingPeer> missing() const;
  std::vector<MissingPeer> take_newly_unreachable();
  std::optional<Candidates::Flood> take_flood();

  // Dials the nodes that are due, and sets a timer for the next. Must be called after failed() and lost().
  void run();
  // No node is dialled from now on.
  void stop() { stopped_ = true; }

 private:
  NetworkLoop& loop_;
  const Dial dial_;
  Candidates candidates_;
  TimePoint timer_ = TimePoint::max();
  bool stopped_ = false;
};

}  // namespace shoal
