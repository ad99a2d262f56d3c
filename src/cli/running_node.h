// Finding a node that already runs on this machine, to be its client.
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

// With --node-id or --node-port the node on this machine that is that one, whatever its API port; without
// them the node on the API port. nullopt: there is none.
std::optional<RunningNode> find_running_node(const NodeOptions& options);

// unavailable, with how to start one, when none runs.
Result<RunningNode> need_running_node(const NodeOptions& options);

// The JSON at a path of its API.
Result<Value> get_json(const ApiClient& client, const std::string& path);

}  // namespace shoal
