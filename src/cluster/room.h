// How many bytes each node can hold, and how many a range of layers needs there. Internal to cluster.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "cluster/node_report.h"
#include "cluster/placement.h"

namespace shoal {

struct NodeRoom {
  NodeId node;
  int64_t bytes;
};

// The room of each node, in the order of `nodes`. Nodes of one machine share its free memory in equal parts,
// nodes of one group within it that of the group; no node gets more than its own limit, and what it may not
// take goes to the others.
std::vector<NodeRoom> share_room(const std::vector<const NodeReport*>& nodes);

// Bytes that layers need, including the KV cache of one sequence with the whole context.
class LayerNeeds {
 public:
  // invalid_argument when there are no layers, a number is negative or the sum overflows: demands come from
  // other nodes.
  static Result<LayerNeeds> from(const ModelDemand& demand);

  int64_t layer_count() const { return static_cast<int64_t>(sums_.size()) - 1; }
  int64_t smallest_layer() const { return smallest_layer_; }
  // The part that does not depend on layers: scratch, and on the head what only the head has.
  int64_t fixed(bool is_head) const { return is_head ? scratch_ + head_ : scratch_; }
  int64_t layers(int64_t first_layer, int64_t end_layer) const {
    return sums_[static_cast<size_t>(end_layer)] - sums_[static_cast<size_t>(first_layer)];
  }
  int64_t stage(int64_t first_layer, int64_t end_layer, bool is_head) const {
    return fixed(is_head) + layers(first_layer, end_layer);
  }

 private:
  std::vector<int64_t> sums_;  // [layer_count + 1]; element i: bytes of all layers before layer i
  int64_t smallest_layer_ = 0;
  int64_t scratch_ = 0;
  int64_t head_ = 0;
};

// For example "1.5 GB"; decimal units, as is usual for disks and downloads.
std::string format_bytes(int64_t bytes);

}  // namespace shoal
