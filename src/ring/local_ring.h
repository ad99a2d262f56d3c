// A whole ring in one process: a stage per engine, each on a thread of its own, links that are calls. For
// looking inside and for tests; it is the same ring as over the network.
#pragma once

#include <memory>
#include <vector>

#include "ring/ring.h"

namespace shoal {

class LocalRing {
 public:
  // `engines` in the order of the ring, head first. invalid_argument when they do not make one, see
  // combine_limits(). The sink outlives this or its close().
  static Result<std::unique_ptr<LocalRing>> make(InstanceId instance,
                                                 std::vector<std::shared_ptr<Engine>> engines,
                                                 StepSink& sink);
  ~LocalRing();

  Ring& ring();

  // Ends the ring and joins its threads; an engine call that has begun is waited for. Idempotent.
  void close();

 private:
  LocalRing();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
