// Implemented by the service's state, called by the parts that a report tells of. On the service's loop.
#pragma once

namespace shoal {

class ReportEvents {
 public:
  virtual ~ReportEvents() = default;
  virtual void on_report_changed() = 0;  // what this node says of itself
};

}  // namespace shoal
