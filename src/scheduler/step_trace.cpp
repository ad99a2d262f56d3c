#include "scheduler/step_trace.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "json/value.h"

namespace shoal {

// The format's closing bracket is optional, so the file is complete after every line.
Result<std::shared_ptr<StepTrace>> StepTrace::open(const std::filesystem::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) {
    return fail(ErrorCode::unavailable,
                fmt::format("{}: {}", path.string(), std::generic_category().message(errno)));
  }
  fmt::print(file, "[\n");
  return std::shared_ptr<StepTrace>(new StepTrace(file));
}

void StepTrace::record(const StepOutput& output) {
  MutexLock lock(mutex_);
  const std::string step = fmt::format("step {}, {} rows", output.number, output.row_count);
  for (const StageTiming& timing : output.timings) write(timing, step);
  if (!output.logits.empty()) write(output.logits_timing, fmt::format("logits of step {}", output.number));
  std::fflush(file_.get());
}

void StepTrace::write(const StageTiming& timing, const std::string& what) {
  const auto [line, is_new] = lines_.try_emplace(timing.node, std::ssize(lines_) + 1);
  if (is_new) {
    fmt::print(file_.get(),
               R"({{"ph":"M","name":"process_name","pid":{},"args":{{"name":{}}}}},)"
               "\n",
               line->second, format_json(Value(timing.node)));
  }
  constexpr double ns_per_us = 1000;
  fmt::print(file_.get(),
             R"({{"ph":"X","name":"{}","pid":{},"tid":1,"ts":{:.3f},"dur":{:.3f}}},)"
             "\n",
             what, line->second, static_cast<double>(timing.begin_ns) / ns_per_us,
             (static_cast<double>(timing.end_ns) - static_cast<double>(timing.begin_ns)) / ns_per_us);
}

}  // namespace shoal
