// The limits of one rendering. Every loop pays steps, and every text pays bytes before it is made, so that no
// template and no context can run long or grow large. Exceeding a limit throws Failure.
#pragma once

#include <cstdint>

#include "templates/jinja/failure.h"

namespace shoal::jinja {

class Budget {
 public:
  static constexpr int64_t step_limit = 10'000'000;
  static constexpr int64_t byte_limit = int64_t{256} << 20;
  static constexpr int64_t output_bytes = int64_t{64} << 20;
  static constexpr int call_depth = 400;   // nested evaluations
  static constexpr int value_depth = 300;  // nested lists

  void pay_steps(int64_t count) {
    steps_ -= count;
    if (steps_ < 0) give_up("the template takes more than {} steps", step_limit);
  }
  void pay_bytes(int64_t count) {
    if (count > bytes_) give_up("the template makes more than {} bytes of text", byte_limit);
    bytes_ -= count;
  }

 private:
  int64_t steps_ = step_limit;
  int64_t bytes_ = byte_limit;
};

}  // namespace shoal::jinja
