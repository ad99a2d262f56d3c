// Copies of the service's state that other threads may read; the service's loop renews them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "service/cluster_view.h"
#include "service/report_list.h"

namespace shoal {

class Snapshot {
 public:
  explicit Snapshot(NodeReport own) : reports_(std::move(own)) {}

  // The service's loop calls these when something has changed; the rest may be called on any thread.
  void put(NodeReport report) EXCLUDES(mutex_);
  void remove(const NodeId& node) EXCLUDES(mutex_);
  void publish(ServiceStatus status, std::map<std::string, int64_t> context_lengths,
               std::vector<std::string> warnings) EXCLUDES(mutex_);

  ClusterView cluster() const EXCLUDES(mutex_);
  std::vector<ModelView> models() const EXCLUDES(mutex_);
  ServiceStatus status() const EXCLUDES(mutex_);
  NodeReport own_report() const EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  ReportList reports_ GUARDED_BY(mutex_);
  ServiceStatus status_ GUARDED_BY(mutex_){};
  std::map<std::string, int64_t> context_lengths_ GUARDED_BY(mutex_);  // by model, as far as known here
  std::vector<std::string> warnings_ GUARDED_BY(mutex_);
};

}  // namespace shoal
