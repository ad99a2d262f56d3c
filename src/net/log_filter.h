// Says a thing that keeps happening once a minute, not each time.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"

namespace shoal {

class LogFilter {
 public:
  bool is_news(const std::string& text, TimePoint now) {
    constexpr size_t kept_limit = 256;
    if (said_.size() >= kept_limit) said_.clear();
    const auto [entry, is_new] = said_.try_emplace(text, now);
    if (!is_new && now - entry->second < std::chrono::minutes(1)) return false;
    entry->second = now;
    return true;
  }

 private:
  std::map<std::string, TimePoint> said_;
};

}  // namespace shoal
