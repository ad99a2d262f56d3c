// Server-sent events out of bytes as they come. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoal {

class EventStream {
 public:
  // Longer lines are corrupt_data.
  static constexpr size_t maximum_line = 16 << 20;

  // Calls one of both for each line that `bytes` completes; other lines are passed over, as the format wants.
  Result<void> feed(std::string_view bytes, const std::function<Result<void>(std::string_view)>& on_data,
                    const std::function<void(std::string_view)>& on_comment);

 private:
  std::string line_;
};

}  // namespace shoal
