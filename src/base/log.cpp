#include "base/log.h"

#include <fmt/chrono.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>

#include "base/printable.h"

namespace shoal {
namespace {
std::atomic<int> current_level = 0;
}

void set_log_level(int level) { current_level.store(level, std::memory_order_relaxed); }
int log_level() { return current_level.load(std::memory_order_relaxed); }

void write_log_line(std::string_view kind, std::string_view text) {
  const auto now = std::chrono::system_clock::now();
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  const std::string line =
      fmt::format("{:%H:%M:%S}.{:03d} {} {}\n", fmt::localtime(std::chrono::system_clock::to_time_t(now)),
                  millis, kind, printable(text));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace shoal
