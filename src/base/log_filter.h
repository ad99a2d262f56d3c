// For warnings that others can cause, so that a flood of them costs a line a minute: each text is written
// once a minute, at most eight different ones. After a minute in which some were left out only one is
// written, with their number.
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

  // The line to write now; nullopt when it is left out. Does no logging itself.
  std::optional<std::string> admit(TimePoint now, const std::string& text);

 private:
  std::optional<TimePoint> minute_begin_;
  size_t room_ = 0;  // for further texts in this minute
  int64_t left_out_ = 0;
  std::set<std::string> said_;  // texts written in this minute
};

}  // namespace shoal
