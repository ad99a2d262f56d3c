// Warnings that others can cause: each text once a minute, and few different ones, so that a flood of them
// costs a line a minute. How many were left out stands behind the next that is told.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"

namespace shoal {

class LogFilter {
 public:
  void warn(TimePoint now, const std::string& text);

  // The line to write, if any. Pure.
  std::optional<std::string> admit(TimePoint now, const std::string& text);

 private:
  std::optional<TimePoint> minute_begin_;
  size_t room_ = 0;  // for further texts in this minute
  int64_t left_out_ = 0;
  std::set<std::string> said_;  // in this minute
};

}  // namespace shoal
