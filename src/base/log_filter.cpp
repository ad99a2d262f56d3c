#include "base/log_filter.h"

#include <utility>

#include "base/log.h"

namespace shoal {
namespace {
constexpr size_t texts_per_minute = 8;
}

void LogFilter::warn(TimePoint now, const std::string& text) {
  if (const auto line = admit(now, text)) {
    log_warning("{}", *line);
  } else {
    log_debug(2, "{}", text);
  }
}

std::optional<std::string> LogFilter::admit(TimePoint now, const std::string& text) {
  if (!minute_begin_ || now - *minute_begin_ >= std::chrono::minutes(1)) {
    minute_begin_ = now;
    room_ = left_out_ > 0 ? 1 : texts_per_minute;
    said_.clear();
  }
  if (said_.contains(text)) return std::nullopt;
  if (room_ == 0) {
    ++left_out_;
    return std::nullopt;
  }
  --room_;
  said_.insert(text);
  const int64_t left_out = std::exchange(left_out_, 0);
  return left_out == 0 ? text : fmt::format("{} (and {} more such warnings before)", text, left_out);
}

}  // namespace shoal
