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
  bool is_loaded;  // by every node of its plan
};

// Where requests for a model go. A network that was cut and is whole again may have several instances of it;
// then the one with the highest epoch.
std::optional<InstanceLocation> find_instance(std::span<const NodeReport> reports,
                                              const InstanceId& instance);

// Bytes of an instance's weights over all nodes: loaded so far, and in total.
struct LoadedBytes {
  int64_t done;
  int64_t total;
  bool operator==(const LoadedBytes&) const = default;
};
LoadedBytes loaded_bytes(std::span<const NodeReport> reports, const InstanceId& instance, const Epoch& epoch);

// Names of the models that some node has in memory or, with usable files, on its disk; ascending, each once.
std::vector<std::string> known_models(std::span<const NodeReport> reports);

// Nodes that have usable files of the model.
std::vector<NodeReport> nodes_with_files(std::span<const NodeReport> reports, const std::string& model);

// Null when the node does not have the model.
const ModelReport* find_model(const NodeReport& report, const std::string& model);

// What is wrong with a model's files, for every node that has them: "node a: …". Empty when nobody has them
// or when some node's files can be used.
std::string describe_problem(std::span<const NodeReport> reports, const std::string& model);

// The nodes in the order in which they are to be asked for the model: first those whose common content has
// the most free memory behind it, nodes of the same content by id.
std::vector<NodeId> by_content(std::span<const NodeReport> nodes, const std::string& model);

// For people: which nodes have other files of a model than the node that counts. That is the head of the
// loaded instance, else `own`, else the first of by_content().
std::vector<std::string> describe_differences(std::span<const NodeReport> reports, const NodeId& own);

// Instances, the least recently used first; those that answer a request or are not loaded yet (idle_ms 0)
// come last.
struct InstanceUse {
  InstanceId instance;
  int64_t idle_ms;
};
std::vector<InstanceUse> instances_by_use(std::span<const NodeReport> reports);

// The reports as they would be if these instances were unloaded: without their shards, with more free memory.
std::vector<NodeReport> without_instances(std::vector<NodeReport> reports,
                                          const std::set<InstanceId>& unloaded);

}  // namespace shoal
