// The reports of nodes, one each: this node's first, the others' by id. Pure.
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
  const NodeReport* find(const NodeId& node) const;             // valid until the next change

  // Adds a node's report or replaces the one before.
  void put(NodeReport report);
  // False when there is no such report. The own report cannot be removed.
  bool remove(const NodeId& node);

 private:
  // Where the node's report stands or would have to be inserted.
  std::vector<NodeReport>::const_iterator place_of(const NodeId& node) const;

  std::vector<NodeReport> reports_;
};

}  // namespace shoal
