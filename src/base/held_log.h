// Holds back log lines, so that none stands in the middle of what is printed for a person.
#pragma once

namespace shoal {

// While a HeldLog lives, log lines (up to 1000; the rest are counted) wait for release() or its destruction.
// At most one may live at a time.
class HeldLog {
 public:
  HeldLog();
  ~HeldLog();
  HeldLog(const HeldLog&) = delete;
  HeldLog& operator=(const HeldLog&) = delete;

  // Writes the lines that wait; later ones wait again.
  void release();
};

}  // namespace shoal
