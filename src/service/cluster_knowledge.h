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

// Files that can be used.
std::vector<NodeReport> nodes_with_files(std::span<const NodeReport> reports, const std::string& model);

// Null when the node does not have it.
const ModelReport* find_model(const NodeReport& report, const std::string& model);

// What is wrong with a model's files on every node that has them: "node a: …". Empty: nobody has it, or
// somebody's can be used.
std::string describe_problem(std::span<const NodeReport> reports, const std::string& model);

// In the order in which their files are to be asked for: of several contents the one whose nodes have the
// most free memory, its nodes by id.
std::vector<NodeId> by_content(std::span<const NodeReport> nodes, const std::string& model);

// For people: which nodes have other files of a model than the node that counts, which is the head that has
// it loaded, else `own`, else the first of by_content().
std::vector<std::string> describe_differences(std::span<const NodeReport> reports, const NodeId& own);

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
