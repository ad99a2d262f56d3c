#include "cluster/plan.h"

#include <algorithm>

namespace shoal {

const PlanStage* Plan::find_stage(const NodeId& node) const {
  const auto found = std::ranges::find(stages, node, &PlanStage::node);
  return found == stages.end() ? nullptr : &*found;
}

}  // namespace shoal
