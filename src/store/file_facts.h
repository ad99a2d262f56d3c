// Remembers what model files hold, so that they are read again only when they change. Small files are hashed
// whole at once; of large ones the header and samples, and the rest when read_whole() is called. The facts
// are kept in a file, so that a restarted node still knows them. Any thread may call.
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
  std::string problem{};      // why the file cannot be used; empty: it can
  bool is_companion = false;  // a GGUF file that is no model: a projector, an adapter, a vocabulary
  uint64_t header = 0;        // hash of what comes before the tensors' data; 0: not read yet
  uint64_t samples = 0;       // hash of parts of the data, or of all of it in a small file; 0: not read yet
  uint64_t whole = 0;         // hash of every byte; 0: not read yet

  bool operator==(const FileFacts&) const = default;
};

class FileFactsCache {
 public:
  // Reads the facts kept in the file `kept_in`, if it exists. Empty: nothing is kept.
  explicit FileFactsCache(std::filesystem::path kept_in);

  // Checks the header of a weight file; of other files only the identity is known.
  FileFacts look_at(const std::filesystem::path& path);
  // As look_at(), and fills `header` and `samples` unless there is a problem.
  FileFacts read_samples(const std::filesystem::path& path);

  // Hashes every byte unless that is known already; cancelled when `stop` is requested. For a thread of low
  // priority.
  Result<void> read_whole(const std::filesystem::path& path, const std::stop_token& stop);

  // Writes what is new since the last call to `kept_in`, merged with what other processes have written
  // meanwhile.
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
