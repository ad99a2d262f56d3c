// Questions about the cluster, answered from the nodes' reports. Pure.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "cluster/node_report.h"

namespace shoal {

struct InstanceLocation {
  NodeId head;
  Epoch epoch;
  bool is_loaded;  // on every node of its plan
};

// Where requests for a model go: of several instances (a network was cut and is whole again) the one of the
// highest epoch.
std::optional<InstanceLocation> find_instance(std::span<const NodeReport> reports,
                                              const InstanceId& instance);

// Bytes loaded and to be loaded of an instance, over all nodes.
struct LoadedBytes {
  int64_t done;
  int64_t total;
  bool operator==(const LoadedBytes&) const = default;
};
LoadedBytes loaded_bytes(std::span<const NodeReport> reports, const InstanceId& instance, const Epoch& epoch);

// Names of models that some node has on its disk or in memory; ascending, each once.
std::vector<std::string> known_models(std::span<const NodeReport> reports);

std::vector<NodeReport> nodes_with_files(std::span<const NodeReport> reports, const std::string& model);

// Loaded instances, the least recently used first; those that answer a request now (idle_ms 0) come last.
struct InstanceUse {
  InstanceId instance;
  int64_t idle_ms;
};
std::vector<InstanceUse> instances_by_use(std::span<const NodeReport> reports);

// What the reports would say of free memory if these instances were unloaded.
std::vector<NodeReport> without_instances(std::vector<NodeReport> reports,
                                          const std::set<InstanceId>& unloaded);

}  // namespace shoal
