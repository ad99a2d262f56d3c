// Dials whom discovery sees, each at its time. All on the completion loop.
#pragma once

#include <functional>

#include "base/clock.h"
#include "net/candidates.h"
#include "net/completion_loop.h"

namespace shoal {

class DialSchedule {
 public:
  // Begins to dial; failed() or joined() follows. False: the candidate is not to be dialled now.
  using Dial = std::function<bool(const PeerCandidate&)>;

  DialSchedule(CompletionLoop& loop, Candidates::Settings settings, Dial dial);

  void see(const PeerCandidate& candidate);
  void failed(const NodeId& node);
  void joined(const NodeId& node);
  void lost(const NodeId& node);

  // Dials who is due, and will again when the next one is. To be called after failed() and lost().
  void run();
  // Nobody is dialled from now on.
  void stop() { stopped_ = true; }

 private:
  CompletionLoop& loop_;
  const Dial dial_;
  Candidates candidates_;
  TimePoint timer_ = TimePoint::max();
  bool stopped_ = false;
};

}  // namespace shoal
