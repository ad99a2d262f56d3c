// Implemented by the service's state, called on its loop by the parts about which a report tells.
#pragma once

namespace shoal {

class ReportEvents {
 public:
  virtual ~ReportEvents() = default;
  virtual void on_report_changed() = 0;  // what this node says of itself
};

}  // namespace shoal
