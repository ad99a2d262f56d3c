// What is known of the files of models: looked into once, and again when they change. Small files are read
// whole at once; of large ones the header and samples, and the rest when somebody takes the time for it. Kept
// in a file, so that a node that is started again knows what it knew. Any thread.
#pragma once

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "base/mutex.h"
#include "base/os.h"

namespace shoal {

struct FileFacts {
  os::FileIdentity identity{};
  std::string problem{};      // why it cannot be used; empty: it can
  bool is_companion = false;  // a GGUF file that is no model: a projector, an adapter, a vocabulary
  uint64_t header = 0;        // hash of what stands before the data; 0: not read yet
  uint64_t samples = 0;       // hash of parts of the data; of a small file of all of it; 0: not read yet
  uint64_t whole = 0;         // hash of every byte; 0: not read yet

  bool operator==(const FileFacts&) const = default;
};

class FileFactsCache {
 public:
  // `kept_in` may be missing; empty: nothing is kept.
  explicit FileFactsCache(std::filesystem::path kept_in);

  // Checks the header of weights; of any other file only the bytes count.
  FileFacts look_at(const std::filesystem::path& path);
  // With `header` and `samples`, unless there is a problem.
  FileFacts read_samples(const std::filesystem::path& path);

  // Reads every byte unless that is known; cancelled when asked to stop. For a thread of low priority.
  Result<void> read_whole(const std::filesystem::path& path, const std::stop_token& stop);

  // Writes what is new since the last time, with what other processes have written meanwhile.
  Result<void> keep();

 private:
  using Entries = std::map<std::string, FileFacts>;
  Entries read_kept() const;
  FileFacts find(const std::filesystem::path& path, bool with_samples);

  const std::filesystem::path kept_in_;
  Mutex mutex_;
  Entries entries_ GUARDED_BY(mutex_);
  bool has_news_ GUARDED_BY(mutex_) = false;
};

}  // namespace shoal
