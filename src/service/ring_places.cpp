#include "service/ring_places.h"

#include "service/message_check.h"

namespace shoal {

void RingPlaces::enter(const Plan& plan, Take take) {
  MutexLock lock(mutex_);
  places_.insert_or_assign(std::pair(plan.instance, plan.epoch),
                           Place{.plan = plan, .take = std::move(take)});
}

void RingPlaces::leave(const InstanceId& instance, const Epoch& epoch) {
  MutexLock lock(mutex_);
  places_.erase(std::pair(instance, epoch));
}

// The lock is held during the call, which is short, so that a stage is not closed while it is called.
bool RingPlaces::deliver(const NodeId& from, RingMessage& message) {
  const auto [instance, epoch] =
      std::visit([](const auto& m) { return std::pair(m.instance, m.epoch); }, message);
  MutexLock lock(mutex_);
  const auto found = places_.find(std::pair(instance, epoch));
  if (found == places_.end()) return false;
  const Place& place = found->second;
  if (judge_message(place.plan, own_, from, message).hearing != Hearing::heard) return false;
  place.take(std::move(message));
  return true;
}

}  // namespace shoal
