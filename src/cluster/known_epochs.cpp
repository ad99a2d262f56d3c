#include "cluster/known_epochs.h"

#include <algorithm>

namespace shoal {
namespace {
// Limits the models that are remembered, because others name them. A model that is dropped begins anew at 0.
constexpr size_t instance_limit = 10'000;
}  // namespace

uint64_t KnownEpochs::counter(const InstanceId& instance) const {
  const auto found = counters_.find(instance);
  return found == counters_.end() ? 0 : found->second;
}

bool KnownEpochs::is_believable(const InstanceId& instance, const Epoch& epoch) const {
  return epoch.counter < epoch_counter_limit && epoch.counter <= counter(instance) + epoch_step_limit;
}

bool KnownEpochs::learn(const InstanceId& instance, const Epoch& epoch) {
  const uint64_t known = counter(instance);
  if (epoch.counter <= known) return true;
  if (counters_.size() >= instance_limit && !counters_.contains(instance)) counters_.erase(counters_.begin());
  counters_[instance] = std::min({epoch.counter, known + epoch_step_limit, epoch_counter_limit - 1});
  return counters_[instance] == epoch.counter;
}

Epoch next_epoch(uint64_t known_counter, const NodeId& proposer) {
  return {.counter = std::min(known_counter, epoch_counter_limit - 1) + 1, .proposer = proposer};
}

}  // namespace shoal
