#include "cli/running_node.h"

#include <fmt/format.h>

#include "base/os.h"
#include "json/members.h"
#include "node/local_nodes.h"

namespace shoal {
namespace {

ApiClientSettings local_api(const std::string& host, int64_t port) {
  ApiClientSettings api;
  // A node that listens on one address only is asked there.
  if (host != "0.0.0.0" && host != "::") api.host = host;
  api.port = static_cast<int32_t>(port);
  return api;
}

// The topology that the node at this port shows; nullopt when there is no node.
std::optional<Value> topology_at(const ApiClientSettings& api) {
  const ApiClient client(api);
  if (!client.is_alive()) return std::nullopt;
  auto topology = get_json(client, "/v1/topology");
  if (!topology) return std::nullopt;
  return *std::move(topology);
}

bool is_wanted(const NodeOptions& options, const NodeId& node, int64_t node_port) {
  if (!options.node_id.empty()) return node == options.node_id;
  return options.node_port == 0 || node_port == options.node_port;
}

bool answers_as(const NodeId& node, const ApiClientSettings& api) {
  const auto topology = topology_at(api);
  return topology && text_member(*topology, "active_node_id") == node;
}

// The node on the API port, or one of its peers.
std::optional<RunningNode> find_at_api_port(const NodeOptions& options) {
  const ApiClientSettings api = local_api(options.api_host, options.api_port);
  const auto topology = topology_at(api);
  const Value* nodes = topology ? topology->find("nodes") : nullptr;
  if (nodes == nullptr || nodes->object() == nullptr) return std::nullopt;
  const NodeId active = text_member(*topology, "active_node_id");
  for (const auto& [node, report] : *nodes->object()) {
    if (!is_wanted(options, node, integer_member(report, "node_port"))) continue;
    if (node == active) return RunningNode{node, api};
    // This is a peer. It is meant only if it runs on this machine, where it answers at its own port.
    const ApiClientSettings other = local_api(options.api_host, integer_member(report, "api_port"));
    if (answers_as(node, other)) return RunningNode{node, other};
  }
  return std::nullopt;
}

// The node that is meant has to answer, because another network namespace may have a node with the same
// ports.
std::optional<RunningNode> find_on_this_machine(const NodeOptions& options) {
  const auto folder = os::user_folder();
  if (!folder) return std::nullopt;
  for (const LocalNode& node : find_local_nodes(*folder)) {
    if (!is_wanted(options, node.node, node.peer_port)) continue;
    const ApiClientSettings api = local_api(node.api_host, node.api_port);
    if (answers_as(node.node, api)) return RunningNode{node.node, api};
  }
  return std::nullopt;
}

}  // namespace

std::optional<RunningNode> find_running_node(const NodeOptions& options) {
  if (auto found = find_at_api_port(options)) return found;
  const bool is_named = !options.node_id.empty() || options.node_port != 0;
  return is_named ? find_on_this_machine(options) : std::nullopt;
}

Result<RunningNode> need_running_node(const NodeOptions& options) {
  if (auto running = find_running_node(options)) return *std::move(running);
  return fail(
      ErrorCode::unavailable,
      fmt::format("no node answers on port {} of this machine; `shoal` starts one, --chatgpt-api-port names "
                  "another port",
                  options.api_port));
}

Result<Value> get_json(const ApiClient& client, const std::string& path) {
  auto text = client.get(path);
  if (!text) return fail(text.error());
  return parse_json(*text);
}

}  // namespace shoal
