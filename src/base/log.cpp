#include "base/log.h"

#include <fmt/chrono.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "base/held_log.h"
#include "base/mutex.h"
#include "base/printable.h"

namespace shoal {
namespace {

constexpr size_t held_limit = 1000;  // lines

std::atomic<int> current_level = 0;

struct Held {
  Mutex mutex;
  bool is_holding GUARDED_BY(mutex) = false;
  std::vector<std::string> lines GUARDED_BY(mutex);
  int64_t lost GUARDED_BY(mutex) = 0;
};

Held& held = *new Held;  // never destroyed: threads may log while the program ends

bool try_hold(const std::string& line) {
  MutexLock lock(held.mutex);
  if (!held.is_holding) return false;
  held.lines.size() < held_limit ? held.lines.push_back(line) : void(++held.lost);
  return true;
}

void write_held(bool goes_on) {
  std::string text;
  {
    MutexLock lock(held.mutex);
    for (const std::string& line : held.lines) text += line;
    if (held.lost > 0) text += fmt::format("{} more log lines were left out\n", held.lost);
    held.lines.clear();
    held.lost = 0;
    held.is_holding = goes_on;
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

HeldLog::HeldLog() {
  MutexLock lock(held.mutex);
  held.is_holding = true;
}

HeldLog::~HeldLog() { write_held(false); }

void HeldLog::release() { write_held(true); }

void set_log_level(int level) { current_level.store(level, std::memory_order_relaxed); }
int log_level() { return current_level.load(std::memory_order_relaxed); }

void write_log_line(std::string_view kind, std::string_view text) {
  const auto now = std::chrono::system_clock::now();
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  const std::string line =
      fmt::format("{:%H:%M:%S}.{:03d} {} {}\n", fmt::localtime(std::chrono::system_clock::to_time_t(now)),
                  millis, kind, printable(text));
  if (!try_hold(line)) std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace shoal
