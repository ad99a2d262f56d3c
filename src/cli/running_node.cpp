#include "cli/running_node.h"

#include <fmt/format.h>

namespace shoal {
namespace {

ApiClientSettings local_api(const NodeOptions& options, int64_t port) {
  ApiClientSettings api;
  // A node that answers on one address only is asked there.
  if (options.api_host != "0.0.0.0" && options.api_host != "::") api.host = options.api_host;
  api.port = static_cast<int32_t>(port);
  return api;
}

// What the node at this port says of the cluster; nothing when none is there.
std::optional<Value> topology_at(const ApiClientSettings& api) {
  const ApiClient client(api);
  if (!client.is_alive()) return std::nullopt;
  auto topology = get_json(client, "/v1/topology");
  if (!topology) return std::nullopt;
  return *std::move(topology);
}

bool is_wanted(const NodeOptions& options, const NodeId& node, const Value& report) {
  if (!options.node_id.empty()) return node == options.node_id;
  return options.node_port == 0 || integer_of(report, "node_port") == options.node_port;
}

}  // namespace

std::optional<RunningNode> find_running_node(const NodeOptions& options) {
  const ApiClientSettings api = local_api(options, options.api_port);
  const auto topology = topology_at(api);
  const Value* nodes = topology ? topology->find("nodes") : nullptr;
  if (nodes == nullptr || nodes->object() == nullptr) return std::nullopt;
  const NodeId active = text_of(*topology, "active_node_id");
  for (const auto& [node, report] : *nodes->object()) {
    if (!is_wanted(options, node, report)) continue;
    if (node == active) return RunningNode{node, api};
    // A peer: it is meant only if it runs on this machine, where it answers at its own port.
    const ApiClientSettings other = local_api(options, integer_of(report, "api_port"));
    const auto its_topology = topology_at(other);
    if (its_topology && text_of(*its_topology, "active_node_id") == node) return RunningNode{node, other};
  }
  return std::nullopt;
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

std::string text_of(const Value& object, std::string_view member) {
  const Value* found = object.find(member);
  return found != nullptr && found->text() != nullptr ? *found->text() : std::string();
}

int64_t integer_of(const Value& object, std::string_view member) {
  const Value* found = object.find(member);
  return found != nullptr && found->integer() != nullptr ? *found->integer() : 0;
}

double number_of(const Value& object, std::string_view member) {
  const Value* found = object.find(member);
  if (found == nullptr) return 0;
  if (found->integer() != nullptr) return static_cast<double>(*found->integer());
  return found->number() != nullptr ? *found->number() : 0;
}

}  // namespace shoal
