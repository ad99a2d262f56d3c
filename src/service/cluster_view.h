// What the service shows other threads of the cluster and of itself. Plain data, copied.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/missing_peer.h"
#include "cluster/node_report.h"
#include "scheduler/scheduler.h"

namespace shoal {

struct ClusterView {
  NodeId own_node;
  std::vector<NodeReport> nodes;  // the own node first
  struct Link {
    NodeId from, to;
    std::string description;
  };
  std::vector<Link> links;
  std::vector<MissingPeer> missing = {};   // filled in by the owner of the network
  std::vector<std::string> warnings = {};  // for people: nodes with other files of a model
};

struct ModelView {
  std::string name;
  bool is_loaded;
  int64_t context_length = 0;  // 0: this node does not know it
};

struct ServiceStatus {
  int64_t active_requests;
  int64_t requests_total;
  int64_t failed_total;
  // Of the instance this node heads, if any; of several the most recently used one.
  std::optional<SchedulerStatus> scheduler;
};

}  // namespace shoal
