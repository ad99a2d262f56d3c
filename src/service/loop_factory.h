// Makes the loops on which engines, schedulers and slow work run: threads in a node, simulated ones in a
// simulation.
#pragma once

#include <memory>
#include <string>

#include "base/loop.h"

namespace shoal {

class LoopFactory {
 public:
  virtual ~LoopFactory() = default;
  virtual std::shared_ptr<Loop> make_loop(const std::string& name) = 0;
};

}  // namespace shoal
