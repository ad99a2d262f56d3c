#include "service/report_list.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace shoal {

std::vector<NodeReport>::const_iterator ReportList::place_of(const NodeId& node) const {
  if (node == own().node) return reports_.begin();
  return std::ranges::lower_bound(reports_.begin() + 1, reports_.end(), node, {}, &NodeReport::node);
}

const NodeReport* ReportList::find(const NodeId& node) const {
  const auto place = place_of(node);
  return place != reports_.end() && place->node == node ? &*place : nullptr;
}

void ReportList::put(NodeReport report) {
  const auto place = reports_.begin() + (place_of(report.node) - reports_.begin());
  if (place != reports_.end() && place->node == report.node) {
    *place = std::move(report);
  } else {
    reports_.insert(place, std::move(report));
  }
}

bool ReportList::remove(const NodeId& node) {
  CHECK(node != own().node);
  return std::erase_if(reports_, [&](const NodeReport& report) { return report.node == node; }) > 0;
}

}  // namespace shoal
