// A whole ring in one process: a stage per engine, each on a thread of its own, with links that are plain
// calls. For tools and tests; the code is the same as over the network.
#pragma once

#include <memory>
#include <vector>

#include "ring/ring.h"

namespace shoal {

class LocalRing {
 public:
  // `engines` are in the order of the ring, head first. invalid_argument when they do not fit together, see
  // combine_limits(). The sink must outlive this object or its close().
  static Result<std::unique_ptr<LocalRing>> make(InstanceId instance,
                                                 std::vector<std::shared_ptr<Engine>> engines,
                                                 StepSink& sink);
  ~LocalRing();

  Ring& ring();

  // Ends the ring and joins its threads, after the engine calls that have begun. Idempotent.
  void close();

 private:
  LocalRing();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
