// Makes a plan from what the nodes have and what the model needs. Pure: the same input gives the same plan on
// every node.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "cluster/node_report.h"
#include "cluster/plan.h"

namespace shoal {

// What a model needs of its nodes' memory, read from its files' headers.
struct ModelDemand {
  InstanceId model;
  std::vector<int64_t> layer_bytes;  // of each layer, packed
  int64_t head_bytes;                // embedding, final norm and output matrix, packed
  int64_t kv_bytes_per_token_layer;  // of one layer
  int64_t context_length;            // tokens of a sequence that the instance is to serve
  int64_t scratch_bytes;             // working memory of a stage, however many layers it has
  int64_t least_context_length = 0;  // where memory is short the context may be cut to this; 0: never
  ModelFingerprint fingerprint{};    // of the files from which this was read

  // Bytes that a stage of layers [first_layer, end_layer) takes of its node's memory. The layers must exist.
  int64_t stage_bytes(int64_t first_layer, int64_t end_layer, bool is_head) const {
    int64_t bytes = scratch_bytes + (is_head ? head_bytes : 0);
    for (int64_t layer = first_layer; layer < end_layer; ++layer) {
      bytes += layer_bytes[static_cast<size_t>(layer)] + kv_bytes_per_token_layer * context_length;
    }
    return bytes;
  }

  bool operator==(const ModelDemand&) const = default;
};

// --partitioning ring_memory_weighted: layers over all nodes, their bytes in proportion to free memory.
struct MemoryWeighted {};
// --partitioning manual:a:0-9,b:10-29: node ids with their first and last layers.
struct ManualPartition {
  std::vector<PlanStage> stages;
};
using PartitioningPolicy = std::variant<MemoryWeighted, ManualPartition>;

// invalid_argument says which part of the flag is wrong and what is expected.
Result<PartitioningPolicy> parse_partitioning(std::string_view flag);

// Plans over `nodes`, all of which have the model's files; nodes of one machine share its free memory.
// not_found when there are no nodes; resource_exhausted, with a table of need and room per node, when the
// model does not fit; invalid_argument when a manual partition names an unknown node or does not cover the
// layers, or when the demand's numbers cannot be right. The proposer sets the epoch.
Result<Plan> make_plan(const PartitioningPolicy& policy, const ModelDemand& demand,
                       const std::vector<NodeReport>& nodes);

}  // namespace shoal
