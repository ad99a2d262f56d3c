// Makes loops with threads of their own for the service.
#pragma once

#include "service/loop_factory.h"

namespace shoal {

class ThreadLoops final : public LoopFactory {
 public:
  std::shared_ptr<Loop> make_loop(const std::string& name) override {
    return std::make_shared<ThreadLoop>(name);
  }
};

}  // namespace shoal
