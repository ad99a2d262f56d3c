#include "service/report_list.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace shoal {

const NodeReport* ReportList::find(const NodeId& node) const {
  const auto found = std::ranges::find(reports_, node, &NodeReport::node);
  return found == reports_.end() ? nullptr : &*found;
}

void ReportList::put(NodeReport report) {
  const bool is_own = report.node == own().node;
  const auto place = is_own ? reports_.begin()
                            : std::ranges::lower_bound(reports_.begin() + 1, reports_.end(), report.node, {},
                                                       &NodeReport::node);
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
