// The rings in which this node has a place, for the network's threads: a message goes straight to its stage,
// or on the head to its ring, and not over the service's loop. Any thread.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "cluster/plan.h"
#include "ring/messages.h"

namespace shoal {

class RingPlaces {
 public:
  // Called with the messages of a ring; must not wait, nor call a function of this object.
  using Take = std::function<void(RingMessage)>;

  explicit RingPlaces(NodeId own) : own_(std::move(own)) {}

  // From now on `take` gets the messages of this plan's ring, until leave() has returned.
  void enter(const Plan& plan, Take take);
  void leave(const InstanceId& instance, const Epoch& epoch);

  // False when there is no such ring here or `from` may not say this in it; the message is then unchanged.
  bool deliver(const NodeId& from, RingMessage& message);

 private:
  struct Place {
    Plan plan;
    Take take;
  };
  const NodeId own_;
  Mutex mutex_;
  std::map<std::pair<InstanceId, Epoch>, Place> places_ GUARDED_BY(mutex_);
};

}  // namespace shoal
