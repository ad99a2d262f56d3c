// Reports of nodes, each node's once: this one's first, the others' by id. Pure.
#pragma once

#include <span>
#include <vector>

#include "cluster/node_report.h"

namespace shoal {

class ReportList {
 public:
  explicit ReportList(NodeReport own) : reports_({std::move(own)}) {}

  const NodeReport& own() const { return reports_.front(); }
  std::span<const NodeReport> all() const { return reports_; }  // valid until the next change
  const NodeReport* find(const NodeId& node) const;             // as all()

  // In the place of what its node said before, if it did.
  void put(NodeReport report);
  // False: it is not there. Not of this node.
  bool remove(const NodeId& node);

 private:
  // Where the node's report stands, or would stand.
  std::vector<NodeReport>::const_iterator place_of(const NodeId& node) const;

  std::vector<NodeReport> reports_;
};

}  // namespace shoal
