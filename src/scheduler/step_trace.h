// Records which node worked on which step when, in a file that chrome://tracing and Perfetto show with one
// line of boxes for each node. Times are of each node's own clock; nodes of one machine share theirs.
#pragma once

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/mutex.h"
#include "ring/ring.h"

namespace shoal {

class StepTrace {
 public:
  // Replaces the file. unavailable when it cannot be written.
  static Result<std::shared_ptr<StepTrace>> open(const std::filesystem::path& path);

  // Appends the step to the file. Any thread.
  void record(const StepOutput& output);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit StepTrace(std::FILE* file) : file_(file) {}
  void write(const StageTiming& timing, const std::string& what) REQUIRES(mutex_);

  Mutex mutex_;
  std::unique_ptr<std::FILE, Close> file_ GUARDED_BY(mutex_);
  std::map<NodeId, int64_t> lines_ GUARDED_BY(mutex_);  // node → line of the picture
};

}  // namespace shoal
