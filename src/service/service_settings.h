// What a service is told once, when it is made.
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

// What could be allocated now.
struct FreeMemory {
  int64_t machine_bytes;
  std::vector<MemoryGroup> groups;  // one without an id is this process's alone
};

struct ServiceSettings {
  NodeReport own;  // node id, ports, device; models and shards are filled in
  PartitioningPolicy partitioning = MemoryWeighted{};
  SchedulerSettings scheduler;
  Duration heartbeat_interval = std::chrono::milliseconds(200);
  Duration peer_silence_limit = std::chrono::seconds(1);     // of a node that a plan or a request depends on
  Duration ingress_silence_limit = std::chrono::seconds(5);  // of any other
  Duration plan_deadline = std::chrono::seconds(5);          // of describing, preparing, unloading, each
  Duration load_stall_limit = std::chrono::seconds(30);      // of loading without a byte of progress
  int64_t request_limit = 4096;                              // requests of clients of this node at once
  // Called on the loop; empty: unknown. own.device.free_bytes is the most that all shards of this node
  // together may take.
  std::function<FreeMemory()> measure_free_memory;
};

}  // namespace shoal
