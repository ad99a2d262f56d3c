// Finds a node that already runs on this machine, to be its client.
#pragma once

#include <optional>

#include "base/error.h"
#include "base/ids.h"
#include "cli/node_options.h"
#include "client/api_client.h"
#include "json/value.h"

namespace shoal {

struct RunningNode {
  NodeId node;
  ApiClientSettings api;
};

// With --node-id or --node-port: the node on this machine with that id or port, whatever its API port;
// otherwise the node on the API port. nullopt when there is none.
std::optional<RunningNode> find_running_node(const NodeOptions& options);

// As find_running_node(); unavailable, with advice how to start a node, when none runs.
Result<RunningNode> need_running_node(const NodeOptions& options);

// GETs the JSON at a path of the node's API.
Result<Value> get_json(const ApiClient& client, const std::string& path);

}  // namespace shoal
