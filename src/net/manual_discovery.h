// Peers from discovery.json, read again whenever it changes.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "cluster/discovery.h"

namespace shoal {

class ManualDiscovery final : public Discovery {
 public:
  // Every `interval` the file is looked at, and all its peers are reported.
  ManualDiscovery(std::filesystem::path path, NodeId own_node, int32_t own_port,
                  Duration interval = std::chrono::seconds(1));
  ~ManualDiscovery() override;

  // A file that cannot be read or has an error is reported in the log, and the peers read before stay.
  void start(std::function<void(PeerCandidate)> on_candidate) override;
  void stop() override;

 private:
  struct FileState {
    std::filesystem::file_time_type changed;
    uintmax_t size;
    bool operator==(const FileState&) const = default;
  };

  void run(const std::function<void(PeerCandidate)>& on_candidate);
  void read_if_changed();
  void check_own_entry(const std::vector<PeerCandidate>& peers) const;

  const std::filesystem::path path_;
  const NodeId own_node_;
  const int32_t own_port_;
  const Duration interval_;
  bool was_looked_at_ = false;           // this and the next two are owned by the thread
  std::optional<FileState> last_state_;  // nullopt: there was no file
  std::vector<PeerCandidate> peers_;
  Mutex mutex_;
  ConditionVariable stopped_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace shoal
