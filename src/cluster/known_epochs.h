// How far the epochs of each model have come, as far as this node has been told, and which it may believe:
// one that is far above what is known would leave no room for any that follows. Pure.
#pragma once

#include <cstdint>
#include <map>

#include "base/ids.h"

namespace shoal {

// No counter is above this, so that one more can always be counted.
inline constexpr uint64_t epoch_counter_limit = uint64_t{1} << 62;
// How far above what is known an epoch may be. Nodes that have not seen each other for long differ by less,
// or come nearer with each message.
inline constexpr uint64_t epoch_step_limit = 1000;

class KnownEpochs {
 public:
  // The highest that was learnt; 0: none.
  uint64_t counter(const InstanceId& instance) const;

  bool is_believable(const InstanceId& instance, const Epoch& epoch) const;

  // Raises what is known to that of `epoch`, by one step at most. True: it is known now.
  bool learn(const InstanceId& instance, const Epoch& epoch);

 private:
  std::map<InstanceId, uint64_t> counters_;
};

// The one to propose next.
Epoch next_epoch(uint64_t known_counter, const NodeId& proposer);

}  // namespace shoal
