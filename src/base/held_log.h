// Log lines that wait, so that none stands in the middle of what is printed for a person.
#pragma once

namespace shoal {

// While one lives, log lines wait for release() or its end. One at a time.
class HeldLog {
 public:
  HeldLog();
  ~HeldLog();
  HeldLog(const HeldLog&) = delete;
  HeldLog& operator=(const HeldLog&) = delete;

  // Writes those that wait; later ones wait again.
  void release();
};

}  // namespace shoal
