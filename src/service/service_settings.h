// The settings of a service, given when it is made.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "cluster/node_report.h"
#include "cluster/placement.h"
#include "scheduler/scheduler.h"

namespace shoal {

// Memory that could be allocated now.
struct FreeMemory {
  int64_t machine_bytes;
  std::vector<MemoryGroup> groups;  // a group without an id belongs to this process alone
};

struct ServiceSettings {
  NodeReport own;  // the service fills in models and shards
  PartitioningPolicy partitioning = MemoryWeighted{};
  SchedulerSettings scheduler;
  Duration heartbeat_interval = std::chrono::milliseconds(200);
  Duration peer_silence_limit = std::chrono::seconds(1);     // for nodes that a plan or request depends on
  Duration ingress_silence_limit = std::chrono::seconds(5);  // for all others
  Duration plan_deadline = std::chrono::seconds(5);          // for each of describing, preparing, unloading
  Duration load_stall_limit = std::chrono::seconds(30);      // loading without a byte of progress
  int64_t request_limit = 4096;                              // requests of this node's clients at once
  // Called on the loop; empty when free memory is unknown. own.device.free_bytes is the most that all shards
  // of this node together may take.
  std::function<FreeMemory()> measure_free_memory;
};

}  // namespace shoal
