// Reads server-sent events from bytes as they come. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoal {

class EventStream {
 public:
  // In bytes; a longer line is corrupt_data.
  static constexpr size_t maximum_line = 16 << 20;

  // Calls `on_data` or `on_comment` for each data or comment line that `bytes` completes; other lines are
  // ignored, as the format requires. Errors of `on_data` are passed on.
  Result<void> feed(std::string_view bytes, const std::function<Result<void>(std::string_view)>& on_data,
                    const std::function<void(std::string_view)>& on_comment);

 private:
  std::string line_;
};

}  // namespace shoal
