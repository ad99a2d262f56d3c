// What travels along a ring. Plain data; net writes it as protobuf.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "engine/engine.h"

namespace shoal {

// No ring has more steps under way; a stage refuses to queue more.
inline constexpr int64_t max_steps_in_flight = 64;

// When a stage worked on a step, by that node's own clock; for traces, deadlines and the cutting of batches.
struct StageTiming {
  NodeId node;
  int64_t begin_ns;
  int64_t end_ns;
};

inline int64_t nanoseconds(TimePoint time) { return time.time_since_epoch().count(); }

// To the next stage. Steps of one (instance, epoch) are numbered from 1 and executed in order without gaps.
struct StepMessage {
  InstanceId instance;
  Epoch epoch;
  uint64_t number;
  StepBatch batch;
  std::vector<int32_t> result_rows;  // ascending; the rows whose final hidden state the head wants
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

// A stage could not go on; to the head.
struct StepFailure {
  InstanceId instance;
  Epoch epoch;
  uint64_t number;
  NodeId node;
  Error error;
};

using RingMessage = std::variant<StepMessage, StepResult, StepFailure>;

}  // namespace shoal
