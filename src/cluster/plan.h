// Which node holds which layers of an instance.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/model_fingerprint.h"

namespace shoal {

struct PlanStage {
  NodeId node;
  int64_t first_layer;
  int64_t end_layer;

  bool operator==(const PlanStage&) const = default;
};

// Stages in the order of the ring; the first is the head, which also owns embedding, final norm and output
// matrix. Together they hold every layer once. A node stands in it at most once.
struct Plan {
  InstanceId instance;
  Epoch epoch;
  std::vector<PlanStage> stages;
  int64_t context_length;          // of each sequence
  ModelFingerprint fingerprint{};  // of the files that every stage is to load

  const NodeId& head() const { return stages.front().node; }
  const PlanStage* find_stage(const NodeId& node) const;
  bool operator==(const Plan&) const = default;
};

}  // namespace shoal
