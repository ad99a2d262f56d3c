// The messages that travel along a ring. Plain data; net defines their form on the wire.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "engine/engine.h"

namespace shoal {

// No ring has more steps in flight than this; a stage refuses to queue more.
inline constexpr int64_t max_steps_in_flight = 64;

// When a stage worked on a step, by that node's own clock. Used for traces, for deadlines and to choose how
// batches are cut.
struct StageTiming {
  NodeId node;
  int64_t begin_ns;
  int64_t end_ns;
};

inline int64_t nanoseconds(TimePoint time) { return time.time_since_epoch().count(); }

// From each stage to the next. Steps of one (instance, epoch) are numbered from 1 and executed in order
// without gaps.
struct StepMessage {
  InstanceId instance;
  Epoch epoch;
  uint64_t number;
  StepBatch batch;
  std::vector<int32_t> result_rows;  // ascending; the rows whose final hidden states the head wants
  std::vector<float> hidden;         // [rows, hidden_size]
  std::vector<StageTiming> timings;
};

// From the tail to the head.
struct StepResult {
  InstanceId instance;
  Epoch epoch;
  uint64_t number;
  std::vector<float> hidden;  // [result rows, hidden_size]
  std::vector<StageTiming> timings;
};

// From any stage to the head: the stage could not execute this step and does nothing more.
struct StepFailure {
  InstanceId instance;
  Epoch epoch;
  uint64_t number;
  NodeId node;
  Error error;
};

using RingMessage = std::variant<StepMessage, StepResult, StepFailure>;

}  // namespace shoal
