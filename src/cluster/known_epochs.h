// The highest epoch counter of each model that this node knows, and whether an epoch that another node names
// may be believed: one far above what is known would leave no room for those that follow. Pure.
#pragma once

#include <cstdint>
#include <map>

#include "base/ids.h"

namespace shoal {

// No counter is above this, so that a next one always exists.
inline constexpr uint64_t epoch_counter_limit = uint64_t{1} << 62;
// How far an epoch may be above what is known. Nodes that have not seen each other for long differ by less,
// or approach each other by this much with each message.
inline constexpr uint64_t epoch_step_limit = 1000;

class KnownEpochs {
 public:
  // The highest counter that was learnt; 0: none.
  uint64_t counter(const InstanceId& instance) const;

  bool is_believable(const InstanceId& instance, const Epoch& epoch) const;

  // Raises what is known towards `epoch`, by at most epoch_step_limit. True when at least this epoch's
  // counter is known now.
  bool learn(const InstanceId& instance, const Epoch& epoch);

 private:
  std::map<InstanceId, uint64_t> counters_;
};

// The epoch that `proposer` is to propose next.
Epoch next_epoch(uint64_t known_counter, const NodeId& proposer);

}  // namespace shoal
