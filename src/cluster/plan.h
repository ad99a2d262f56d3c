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

// The stages in the order of the ring. The first is the head, which also has the embedding, the final norm
// and the output matrix. Together the stages hold every layer once; a node has at most one stage.
struct Plan {
  InstanceId instance;
  Epoch epoch;
  std::vector<PlanStage> stages;
  int64_t context_length;          // the most tokens of a sequence
  ModelFingerprint fingerprint{};  // of the files that every stage must load

  const NodeId& head() const { return stages.front().node; }
  const PlanStage* find_stage(const NodeId& node) const;
  bool operator==(const Plan&) const = default;
};

}  // namespace shoal
