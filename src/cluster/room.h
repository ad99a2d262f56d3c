// What each node can hold and what a range of layers needs there. Internal to cluster.
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

// Nodes of one machine share its free memory, and those of one group within it the group's: equal parts, none
// more than its own limit; what one may not take goes to the others. In the order of `nodes`.
std::vector<NodeRoom> share_room(const std::vector<const NodeReport*>& nodes);

// Bytes that layers need, KV cache for the whole context included.
class LayerNeeds {
 public:
  // invalid_argument when a number is negative or the sum overflows: demands come from other nodes.
  static Result<LayerNeeds> from(const ModelDemand& demand);

  int64_t layer_count() const { return static_cast<int64_t>(sums_.size()) - 1; }
  int64_t smallest_layer() const { return smallest_layer_; }
  // Scratch, and on the head what only it owns.
  int64_t fixed(bool is_head) const { return is_head ? scratch_ + head_ : scratch_; }
  int64_t layers(int64_t first_layer, int64_t end_layer) const {
    return sums_[static_cast<size_t>(end_layer)] - sums_[static_cast<size_t>(first_layer)];
  }
  int64_t stage(int64_t first_layer, int64_t end_layer, bool is_head) const {
    return fixed(is_head) + layers(first_layer, end_layer);
  }

 private:
  std::vector<int64_t> sums_;  // [layer_count + 1]; bytes of all layers before
  int64_t smallest_layer_ = 0;
  int64_t scratch_ = 0;
  int64_t head_ = 0;
};

// "1.5 GB"; decimal units, as disks and downloads are told.
std::string format_bytes(int64_t bytes);

}  // namespace shoal
